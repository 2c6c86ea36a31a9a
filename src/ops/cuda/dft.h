// Discrete Fourier transforms of a few points, all in registers: every length has unrolled code of its own,
// by the algorithm of Cooley and Tukey (doi 10.1090/S0025-5718-1965-0178586-1) over 4, 2, 3, 5 and 7.
// Nothing is divided by the length.
#pragma once

#include <numbers>
#include <utility>

#include "ops/cuda/host_device.h"

namespace dnd::ops::cuda {

// A number that is part of a type. std::integral_constant's functions are not there for devices.
template <int N>
struct Constant {
  static constexpr int kValue = N;
  DND_HD constexpr int operator()() const { return N; }
};

// Indices must be constants for values to stay in registers: function(Constant<0>) ...
// function(Constant<N - 1>).
template <int... I, typename Function>
DND_HD void for_constants(std::integer_sequence<int, I...> /*indices*/, const Function& function) {
  (function(Constant<I>{}), ...);
}
template <int N, typename Function>
DND_HD void for_constants(const Function& function) {
  for_constants(std::make_integer_sequence<int, N>{}, function);
}

// cos(2 pi n / length), 0 <= n. Series below an eighth of a turn, whose last term is below 1e-17.
constexpr DND_HD double cosine_of_turn(int n, int length) {
  n %= length;
  if (2 * n > length) n = length - n;
  if (4 * n > length) return -cosine_of_turn(length - 2 * n, 2 * length);
  const bool by_sine = 8 * n > length;  // of the complement to a quarter of a turn
  const double turn = by_sine ? (length - 4.0 * n) / (4.0 * length) : 1.0 * n / length;
  const double angle = 2.0 * std::numbers::pi * turn;
  double term = by_sine ? angle : 1.0;
  double sum = 0.0;
  for (int i = by_sine ? 1 : 0; i < 20; i += 2) {
    sum += term;
    term *= -angle * angle / ((i + 1) * (i + 2));
  }
  return sum;
}
constexpr DND_HD double sine_of_turn(int n, int length) {
  return cosine_of_turn(4 * (n % length) + 3 * length, 4 * length);
}

template <int N>
struct Points {
  float real[N];
  float imaginary[N];
};

// (real, imaginary) * e^(-2 pi i K / N)
template <int K, int N>
DND_HD void turn_back(float& real, float& imaginary) {
  constexpr int kTurns = K % N;
  if constexpr (kTurns == 0) {
    return;
  } else if constexpr (4 * kTurns == N) {
    const float before = real;
    real = imaginary;
    imaginary = -before;
  } else {
    constexpr auto kCosine = static_cast<float>(cosine_of_turn(kTurns, N));
    constexpr auto kSine = static_cast<float>(sine_of_turn(kTurns, N));
    const float before = real;
    real = before * kCosine + imaginary * kSine;
    imaginary = imaginary * kCosine - before * kSine;
  }
}

// x[k] = sum over n of x[n] e^(-2 pi i k n / N)
template <int N>
DND_HD void transform(Points<N>& x);

DND_HD inline void transform_two(Points<2>& x) {
  const float real = x.real[0] - x.real[1];
  const float imaginary = x.imaginary[0] - x.imaginary[1];
  x.real[0] += x.real[1];
  x.imaginary[0] += x.imaginary[1];
  x.real[1] = real;
  x.imaginary[1] = imaginary;
}

// An odd prime: points n and N - n share their cosines and, but for the sign, their sines.
template <int N>
DND_HD void transform_prime(Points<N>& x) {
  constexpr int kHalf = (N - 1) / 2;
  Points<kHalf> sum;
  Points<kHalf> difference;
  const float first_real = x.real[0];
  const float first_imaginary = x.imaginary[0];
  for_constants<kHalf>([&](auto n) {
    sum.real[n()] = x.real[n() + 1] + x.real[N - 1 - n()];
    sum.imaginary[n()] = x.imaginary[n() + 1] + x.imaginary[N - 1 - n()];
    difference.real[n()] = x.real[n() + 1] - x.real[N - 1 - n()];
    difference.imaginary[n()] = x.imaginary[n() + 1] - x.imaginary[N - 1 - n()];
    x.real[0] += sum.real[n()];
    x.imaginary[0] += sum.imaginary[n()];
  });
  for_constants<kHalf>([&](auto below) {
    constexpr int kIndex = decltype(below)::kValue + 1;
    float even_real = first_real;
    float even_imaginary = first_imaginary;
    float odd_real = 0.0F;
    float odd_imaginary = 0.0F;
    for_constants<kHalf>([&](auto n) {
      constexpr auto kCosine =
          static_cast<float>(cosine_of_turn(kIndex * (decltype(n)::kValue + 1), N));
      constexpr auto kSine =
          static_cast<float>(sine_of_turn(kIndex * (decltype(n)::kValue + 1), N));
      even_real += kCosine * sum.real[n()];
      even_imaginary += kCosine * sum.imaginary[n()];
      odd_real += kSine * difference.imaginary[n()];
      odd_imaginary += kSine * difference.real[n()];
    });
    x.real[kIndex] = even_real + odd_real;
    x.imaginary[kIndex] = even_imaginary - odd_imaginary;
    x.real[N - kIndex] = even_real - odd_real;
    x.imaginary[N - kIndex] = even_imaginary + odd_imaginary;
  });
}

// N = P Q: transforms of P points, Q apart; twiddle factors; transforms of Q points.
template <int P, int Q>
DND_HD void transform_composite(Points<P * Q>& x) {
  Points<P * Q> between;
  for_constants<Q>([&](auto n) {
    Points<P> part;
    for_constants<P>([&](auto i) {
      part.real[i()] = x.real[Q * i() + n()];
      part.imaginary[i()] = x.imaginary[Q * i() + n()];
    });
    transform(part);
    for_constants<P>([&](auto k) {
      turn_back<decltype(n)::kValue* decltype(k)::kValue, P * Q>(part.real[k()],
                                                                 part.imaginary[k()]);
      between.real[k() * Q + n()] = part.real[k()];
      between.imaginary[k() * Q + n()] = part.imaginary[k()];
    });
  });
  for_constants<P>([&](auto k) {
    Points<Q> part;
    for_constants<Q>([&](auto i) {
      part.real[i()] = between.real[k() * Q + i()];
      part.imaginary[i()] = between.imaginary[k() * Q + i()];
    });
    transform(part);
    for_constants<Q>([&](auto i) {
      x.real[k() + P * i()] = part.real[i()];
      x.imaginary[k() + P * i()] = part.imaginary[i()];
    });
  });
}

template <int N>
DND_HD void transform(Points<N>& x) {
  static_assert(N >= 1);
  if constexpr (N == 1) {
    return;
  } else if constexpr (N == 2) {
    transform_two(x);
  } else if constexpr (N == 3 || N == 5 || N == 7) {
    transform_prime(x);
  } else {
    constexpr int kEven = N % 4 == 0 && N > 4 ? 4 : 2;
    constexpr int kFactor = N % 2 == 0 ? kEven : N % 3 == 0 ? 3 : N % 5 == 0 ? 5 : 7;
    static_assert(N % kFactor == 0, "a length with another prime factor");
    transform_composite<kFactor, N / kFactor>(x);
  }
}

// The same with e^(+2 pi i k n / N): real and imaginary parts change places before and after.
template <int N>
DND_HD void transform_back(Points<N>& x) {
  const auto exchange = [&] {
    for_constants<N>([&](auto n) {
      const float real = x.real[n()];
      x.real[n()] = x.imaginary[n()];
      x.imaginary[n()] = real;
    });
  };
  exchange();
  transform(x);
  exchange();
}

// N real points, N even -> frequencies 0 ... N/2; the others are their conjugates. Even and odd points
// are the parts of N/2 complex ones.
template <int N>
DND_HD void transform_real(const float (&x)[N], Points<N / 2 + 1>& frequencies) {
  constexpr int kHalf = N / 2;
  Points<kHalf> z;
  for_constants<kHalf>([&](auto n) {
    z.real[n()] = x[2 * n()];
    z.imaginary[n()] = x[2 * n() + 1];
  });
  transform(z);
  for_constants<kHalf + 1>([&](auto k) {
    constexpr int kOne = decltype(k)::kValue % kHalf;
    constexpr int kOther = (kHalf - decltype(k)::kValue) % kHalf;
    const float even_real = 0.5F * (z.real[kOne] + z.real[kOther]);
    const float even_imaginary = 0.5F * (z.imaginary[kOne] - z.imaginary[kOther]);
    float odd_real = 0.5F * (z.imaginary[kOne] + z.imaginary[kOther]);
    float odd_imaginary = 0.5F * (z.real[kOther] - z.real[kOne]);
    turn_back<decltype(k)::kValue, N>(odd_real, odd_imaginary);
    frequencies.real[k()] = even_real + odd_real;
    frequencies.imaginary[k()] = even_imaginary + odd_imaginary;
  });
}

// And back: x[n] = sum over all N frequencies. The imaginary parts of frequencies 0 and N/2 should be
// zero; they are not read.
template <int N>
DND_HD void transform_real_back(const Points<N / 2 + 1>& frequencies, float (&x)[N]) {
  constexpr int kHalf = N / 2;
  Points<kHalf> z;
  for_constants<kHalf>([&](auto k) {
    const float imaginary = k() == 0 ? 0.0F : frequencies.imaginary[k()];
    const float other = k() == 0 ? 0.0F : frequencies.imaginary[kHalf - k()];
    float odd_real = frequencies.real[k()] - frequencies.real[kHalf - k()];
    float odd_imaginary = imaginary + other;
    turn_back<N - decltype(k)::kValue, N>(odd_real, odd_imaginary);
    z.real[k()] = frequencies.real[k()] + frequencies.real[kHalf - k()] - odd_imaginary;
    z.imaginary[k()] = imaginary - other + odd_real;
  });
  transform_back(z);
  for_constants<kHalf>([&](auto n) {
    x[2 * n()] = z.real[n()];
    x[2 * n() + 1] = z.imaginary[n()];
  });
}

}  // namespace dnd::ops::cuda
