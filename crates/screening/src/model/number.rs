//! `exp` and `ln` by sums and products alone: those of the standard library may differ between machines in the last digit.
//!
//! Invariant: whatever goes in, what comes out is the same on every machine; within 1e-14 of the true value, relative to it.

use std::f64::consts::{LN_2, SQRT_2};

/// e to the `x`; clamped to what -700 and 700 give, and 0 of what is no number.
pub fn exp(x: f64) -> f64 {
    if x.is_nan() {
        return 0.0;
    }
    let x = x.clamp(-700.0, 700.0);
    let twos = (x / LN_2).round();
    let rest = x - twos * LN_2;
    let mut sum = 1.0;
    for n in (1..=18).rev() {
        sum = 1.0 + sum * rest / f64::from(n);
    }
    // 2 to the `twos`, a normal number: its exponent written down.
    sum * f64::from_bits(((1_023 + twos as i64) as u64) << 52)
}

/// The natural logarithm of a positive normal number; of anything else, that of the smallest one.
pub fn ln(x: f64) -> f64 {
    let x = if x.is_normal() && x > 0.0 {
        x
    } else {
        f64::MIN_POSITIVE
    };
    let bits = x.to_bits();
    let mut twos = ((bits >> 52) & 0x7FF) as i64 - 1_023;
    let mut part = f64::from_bits((bits & 0x000F_FFFF_FFFF_FFFF) | (1_023_u64 << 52));
    if part > SQRT_2 {
        part /= 2.0;
        twos += 1;
    }
    let ratio = (part - 1.0) / (part + 1.0);
    let square = ratio * ratio;
    let mut sum = 0.0;
    for n in (0..=14).rev() {
        sum = 1.0 / f64::from(2 * n + 1) + sum * square;
    }
    2.0 * ratio * sum + twos as f64 * LN_2
}

/// The share that log-odds stand for.
pub fn share(log_odds: f64) -> f64 {
    1.0 / (1.0 + exp(-log_odds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_those_of_the_standard_library_but_for_the_last_digits() {
        for step in -4_000..=4_000 {
            let x = f64::from(step) / 10.0;
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-13, "exp {x}");
            let y = x.exp();
            assert!((ln(y) - y.ln()).abs() <= 1e-14 * y.ln().abs().max(1.0), "ln {y}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(ln(1.0), 0.0);
        assert_eq!(share(0.0), 0.5);
    }

    #[test]
    fn what_is_no_number_ends_in_a_number() {
        for x in [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            1e300,
            -1e300,
            0.0,
            -1.0,
        ] {
            assert!(
                exp(x).is_finite() && ln(x).is_finite() && (0.0..=1.0).contains(&share(x)),
                "{x}"
            );
        }
    }
}
