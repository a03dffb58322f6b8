#pragma once

namespace headway {

/// Opens those of the descriptors 0, 1 and 2 that are closed to /dev/null. Otherwise the next file
/// that is opened gets such a number, and what is printed lands in it. Writing to a standard output
/// that was closed goes on to fail, so that flush_standard_output() notices. To be called first in
/// main.
void open_standard_streams();

/// Writes out what std::cout holds. EnvironmentError when that, or anything printed before, could
/// not be written: a full disk, for example. To be called last in main.
void flush_standard_output();

}  // namespace headway
