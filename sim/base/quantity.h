/// Physical quantities as types: the compiler checks that seconds are not added to bytes.
///
/// A quantity holds one double in SI units (s, byte, J, FLOP, USD, g CO2). Interfaces take and
/// return quantities; loops inside a function may use plain doubles with a unit suffix (`power_w`).
#pragma once

#include <compare>

namespace busbar::base {

/// A value with exponents of time, data, energy, arithmetic work, money and carbon mass.
template <int Time, int Data, int Energy, int Work, int Money, int Carbon>
struct Quantity {
  double value = 0.0;

  constexpr Quantity() = default;
  constexpr explicit Quantity(double si) : value(si) {}

  friend constexpr auto operator<=>(Quantity,
                                    Quantity) = default;  // NOLINT: misread by the checker
  friend constexpr Quantity operator+(Quantity a, Quantity b) {
    return Quantity{a.value + b.value};
  }
  friend constexpr Quantity operator-(Quantity a, Quantity b) {
    return Quantity{a.value - b.value};
  }
  friend constexpr Quantity operator-(Quantity a) { return Quantity{-a.value}; }
  friend constexpr Quantity operator*(Quantity a, double k) { return Quantity{a.value * k}; }
  friend constexpr Quantity operator*(double k, Quantity a) { return Quantity{a.value * k}; }
  friend constexpr Quantity operator/(Quantity a, double k) { return Quantity{a.value / k}; }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value / b.value; }
  constexpr Quantity& operator+=(Quantity b) {
    value += b.value;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity b) {
    value -= b.value;
    return *this;
  }
};

/// Product and quotient of different quantities add and subtract exponents: W * s = J.
template <int T1, int D1, int E1, int W1, int M1, int C1, int T2, int D2, int E2, int W2, int M2,
          int C2>
constexpr auto operator*(Quantity<T1, D1, E1, W1, M1, C1> a, Quantity<T2, D2, E2, W2, M2, C2> b) {
  return Quantity<T1 + T2, D1 + D2, E1 + E2, W1 + W2, M1 + M2, C1 + C2>{a.value * b.value};
}
template <int T1, int D1, int E1, int W1, int M1, int C1, int T2, int D2, int E2, int W2, int M2,
          int C2>
requires(!(T1 == T2 && D1 == D2 && E1 == E2 && W1 == W2 && M1 == M2 && C1 == C2)) constexpr auto
operator/(Quantity<T1, D1, E1, W1, M1, C1> a, Quantity<T2, D2, E2, W2, M2, C2> b) {
  return Quantity<T1 - T2, D1 - D2, E1 - E2, W1 - W2, M1 - M2, C1 - C2>{a.value / b.value};
}

using Seconds = Quantity<1, 0, 0, 0, 0, 0>;
using Hertz = Quantity<-1, 0, 0, 0, 0, 0>;
using Bytes = Quantity<0, 1, 0, 0, 0, 0>;
using BytesPerSecond = Quantity<-1, 1, 0, 0, 0, 0>;
using Joules = Quantity<0, 0, 1, 0, 0, 0>;
using Watts = Quantity<-1, 0, 1, 0, 0, 0>;
using Flops = Quantity<0, 0, 0, 1, 0, 0>;
using FlopsPerSecond = Quantity<-1, 0, 0, 1, 0, 0>;
using Usd = Quantity<0, 0, 0, 0, 1, 0>;
using UsdPerSecond = Quantity<-1, 0, 0, 0, 1, 0>;
using UsdPerJoule = Quantity<0, 0, -1, 0, 1, 0>;
using UsdPerByte = Quantity<0, -1, 0, 0, 1, 0>;
using Grams = Quantity<0, 0, 0, 0, 0, 1>;
using GramsPerJoule = Quantity<0, 0, -1, 0, 0, 1>;

inline constexpr double kHour = 3600.0;
inline constexpr double kDay = 86400.0;
inline constexpr double kYear = 365.25 * kDay;

}  // namespace busbar::base
