#include "models/encoders/encoder.h"

namespace headway {

// To add an encoder: write encoders/<name>.cpp, then name its factory here.
EncoderFactory make_resnet18, make_small_cnn;

const Registry<EncoderFactory>& encoders() {
  static const Registry<EncoderFactory> table{
      "encoder", {{"resnet18", make_resnet18}, {"small_cnn", make_small_cnn}}};
  return table;
}

}  // namespace headway
