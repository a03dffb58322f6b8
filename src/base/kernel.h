#pragma once

// One copy of a kernel per instruction set, chosen when the program is loaded; what a kernel calls
// is inlined into it, so that it is compiled for that instruction set too.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)  // clang: not on templates
#define HEADWAY_KERNEL [[gnu::target_clones("avx512f", "avx2", "default")]]
#else
#define HEADWAY_KERNEL
#endif
#define HEADWAY_INLINE [[gnu::always_inline]] inline
