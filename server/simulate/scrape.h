#ifndef SERVER_SIMULATE_SCRAPE_H_
#define SERVER_SIMULATE_SCRAPE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/simulate/service_model.h"

namespace edgenext::serving {

// What a server's /metrics text says of the cost of requests: its cost table is what policies believe; the
// mean stages are what images take, less what their threads did not compute in that time: the simulator has
// polling threads hold them up by itself. Where no image was executed yet, the table holds for both. The
// overhead is the mean of the stages that the server times around the image (parse, postprocess, send), less
// than its whole CPU; the cost of refusals is not in the text. NOT_FOUND if there is no cost table in it.
absl::StatusOr<ServiceModel> ReadScrape(absl::string_view metrics);

// The same from two scrapes, of what happened between them. The overhead is then the whole of it: the CPU
// time that the process spent on other things than computing images, less `refusal_cost` for each refusal,
// over the images that were executed. FAILED_PRECONDITION if there were none.
absl::StatusOr<ServiceModel> ReadScrapes(absl::string_view before, absl::string_view after,
                                         absl::Duration refusal_cost);

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_SCRAPE_H_
