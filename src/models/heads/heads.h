#pragma once

#include <memory>

#include "base/component_list.h"
#include "base/registry.h"
#include "config/schema/catalog.h"

namespace headway {

class Head;
class ParameterSet;
struct HeadInputs;

// To add a head: name its tag here, and write heads/NAME_spec.cpp (free of LibTorch) and
// heads/NAME.cpp with the two members of HeadComponent for that tag.
using Heads = ComponentList<class Arcface, class Cosine, class Dot>;

/// Adds its parameters and buffers to `parameters`, which must outlive the head.
using HeadFactory = std::unique_ptr<Head>(const HeadConfig&, const HeadInputs&, ParameterSet&);

template <typename Tag>
struct HeadComponent {
  static HeadSpec spec();
  static HeadFactory make;
};

/// By name; needs LibTorch.
const Registry<HeadFactory>& heads();

}  // namespace headway
