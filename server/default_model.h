#ifndef SERVER_DEFAULT_MODEL_H_
#define SERVER_DEFAULT_MODEL_H_

#include <string>

namespace edgenext::serving {

// The folder of the model that comes with the program: ../share/edgenext/model beside the program's own
// folder, both where it is installed and where it is built.
std::string DefaultModelFolder();

}  // namespace edgenext::serving

#endif  // SERVER_DEFAULT_MODEL_H_
