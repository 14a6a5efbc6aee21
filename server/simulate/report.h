#ifndef SERVER_SIMULATE_REPORT_H_
#define SERVER_SIMULATE_REPORT_H_

#include <string>
#include <vector>

#include "server/simulate/result.h"

namespace edgenext::serving {

// A line for each result, and for each of its groups where there are some.
std::string ResultTable(const std::vector<SimulationResult>& results);

// A line for each interval.
std::string TimelineTable(const SimulationResult& result);

// One JSON object a line for each result, with its timeline if that is asked for.
std::string ResultJson(const std::vector<SimulationResult>& results, bool timeline);

// A page with the plots of all results over time. It loads nothing.
std::string ResultPage(const std::string& title, const std::vector<SimulationResult>& results);

}  // namespace edgenext::serving

#endif  // SERVER_SIMULATE_REPORT_H_
