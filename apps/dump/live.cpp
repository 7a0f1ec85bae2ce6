#include "inputs.hpp"
