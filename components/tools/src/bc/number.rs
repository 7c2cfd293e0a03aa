//! Decimal numbers of any length, with the rules of bc for how many digits a result has.

use num_bigint::{BigInt, Sign};
use std::cmp::Ordering;

/// Digits of a number at most: what is longer takes longer than anybody waits.
const MOST_DIGITS: u64 = 4_000_000;

/// A number: `value` in units of the `scale`-th decimal.
#[derive(Clone, Debug)]
pub struct Number {
    /// All digits.
    pub value: BigInt,
    /// How many of them follow the point.
    pub scale: u32,
}

fn ten_to(power: u32) -> BigInt {
    BigInt::from(10).pow(power)
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self {
            value: value.into(),
            scale: 0,
        }
    }
}

impl Number {
    /// With `scale` decimals: more are zeros, fewer are cut off.
    pub fn at(&self, scale: u32) -> Self {
        let value = match scale.cmp(&self.scale) {
            Ordering::Equal => self.value.clone(),
            Ordering::Greater => &self.value * ten_to(scale - self.scale),
            Ordering::Less => &self.value / ten_to(self.scale - scale),
        };
        Self { value, scale }
    }

    /// Whether it is 0.
    pub fn is_zero(&self) -> bool {
        self.value.sign() == Sign::NoSign
    }

    /// Whether it is below 0.
    pub fn is_negative(&self) -> bool {
        self.value.sign() == Sign::Minus
    }

    /// With the other sign.
    pub fn negated(&self) -> Self {
        Self {
            value: -&self.value,
            scale: self.scale,
        }
    }

    /// By value.
    pub fn compare(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        self.at(scale).value.cmp(&other.at(scale).value)
    }

    /// The sum, with the more decimals of both.
    pub fn add(&self, other: &Self) -> Self {
        let scale = self.scale.max(other.scale);
        Self {
            value: self.at(scale).value + other.at(scale).value,
            scale,
        }
    }

    /// The difference, likewise.
    pub fn subtract(&self, other: &Self) -> Self {
        self.add(&other.negated())
    }

    /// The product, with as many decimals as both have together, but not more than the most of `scale` and either's.
    pub fn multiply(&self, other: &Self, scale: u32) -> Self {
        let exact = Self {
            value: &self.value * &other.value,
            scale: self.scale + other.scale,
        };
        exact.at(exact.scale.min(scale.max(self.scale).max(other.scale)))
    }

    /// The quotient, with `scale` decimals.
    ///
    /// # Errors
    /// A divisor of 0.
    pub fn divide(&self, other: &Self, scale: u32) -> Result<Self, String> {
        if other.is_zero() {
            return Err("Divide by zero".into());
        }
        // value / 10^a over other / 10^b, times 10^scale.
        let (up, down) = (scale + other.scale, self.scale);
        let value = if up >= down {
            &self.value * ten_to(up - down) / &other.value
        } else {
            &self.value / (&other.value * ten_to(down - up))
        };
        Ok(Self { value, scale })
    }

    /// What is left when the quotient with `scale` decimals is taken.
    ///
    /// # Errors
    /// A divisor of 0.
    pub fn remainder(&self, other: &Self, scale: u32) -> Result<Self, String> {
        let quotient = self.divide(other, scale).map_err(|_| "Modulo by zero".to_owned())?;
        let wanted = self.scale.max(scale + other.scale);
        let product = Self {
            value: quotient.value * &other.value,
            scale: scale + other.scale,
        };
        Ok(self.subtract(&product).at(wanted))
    }

    /// To a whole power.
    ///
    /// # Errors
    /// An exponent that no result could be written down of.
    pub fn power(&self, exponent: &Self, scale: u32) -> Result<Self, String> {
        let exponent: i64 = (exponent.at(0).value)
            .try_into()
            .map_err(|_| "exponent too large in raise")?;
        if exponent == 0 {
            return Ok(Self::from(1));
        }
        let count = exponent.unsigned_abs();
        let digits = self.value.bits().max(1) as u128 * u128::from(count) * 3 / 10;
        if digits > u128::from(MOST_DIGITS) && self.value.bits() > 1 || count > u64::from(u32::MAX) {
            return Err("exponent too large in raise".into());
        }
        let count = count as u32;
        let exact = Self {
            value: self.value.pow(count),
            scale: self.scale.checked_mul(count).ok_or("exponent too large in raise")?,
        };
        if exponent < 0 {
            return Self::from(1).divide(&exact, scale);
        }
        Ok(exact.at(exact.scale.min(scale.max(self.scale))))
    }

    /// The square root.
    ///
    /// # Errors
    /// A number below 0.
    pub fn root(&self, scale: u32) -> Result<Self, String> {
        if self.is_negative() {
            return Err("Square root of a negative number".into());
        }
        let scale = scale.max(self.scale);
        Ok(Self {
            value: self.at(2 * scale).value.sqrt(),
            scale,
        })
    }

    /// Digits that say something: those before the point without leading zeros, and all after it.
    pub fn length(&self) -> u64 {
        let digits = self.value.magnitude().to_string().len() as u64;
        digits.max(u64::from(self.scale)).max(1)
    }

    /// Reads digits `0` to `9`, `A` to `F` in a base, with at most one point.
    pub fn parse(text: &str, base: u32) -> Self {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        // A number of one digit is that digit; in longer ones a digit is at most base - 1.
        let most = if whole.len() + fraction.len() <= 1 {
            15
        } else {
            base - 1
        };
        let digit = |c: char| c.to_digit(16).unwrap_or(0).min(most);
        let scale = fraction.len() as u32;
        if base == 10 {
            let digits: String = whole
                .chars()
                .chain(fraction.chars())
                .map(|c| char::from_digit(digit(c).min(9), 10).unwrap_or('0'))
                .collect();
            let value = match (whole.len() + fraction.len(), text.chars().next()) {
                (1, Some(only)) if scale == 0 => digit(only).into(),
                _ => digits.parse().unwrap_or_default(),
            };
            return Self { value, scale };
        }
        let all = |text: &str| text.chars().fold(BigInt::from(0), |sum, c| sum * base + digit(c));
        let parts = Self {
            value: all(fraction) * ten_to(scale) / BigInt::from(base).pow(scale),
            scale,
        };
        Self {
            value: all(whole),
            scale: 0,
        }
        .add(&parts)
    }

    /// As bc prints it: no zero before the point.
    pub fn shown(&self, base: u32) -> String {
        let mut text = String::new();
        if self.is_negative() {
            text.push('-');
        }
        let digits = self.value.magnitude().to_string();
        let scale = self.scale as usize;
        if base == 10 {
            if self.is_zero() {
                return "0".into();
            }
            let (whole, fraction) = if digits.len() > scale {
                digits.split_at(digits.len() - scale)
            } else {
                ("", digits.as_str())
            };
            text.push_str(whole);
            if scale > 0 {
                text.push_str(&format!(".{fraction:0>scale$}"));
            }
            return text;
        }
        let unit = ten_to(self.scale);
        let magnitude = BigInt::from(self.value.magnitude().clone());
        let (whole, mut rest) = (&magnitude / &unit, magnitude % &unit);
        let width = (base - 1).to_string().len();
        let digit = |value: u32| {
            if base <= 16 {
                char::from_digit(value, 16)
                    .unwrap_or('0')
                    .to_ascii_uppercase()
                    .to_string()
            } else {
                format!(" {value:0width$}")
            }
        };
        if whole.sign() != Sign::NoSign || scale == 0 {
            let mut digits = Vec::new();
            let mut left = whole;
            while left.sign() != Sign::NoSign || digits.is_empty() {
                digits.push(u32::try_from(&left % base).unwrap_or(0));
                left /= base;
            }
            text.extend(digits.iter().rev().map(|value| digit(*value)));
        }
        if scale > 0 {
            text.push('.');
            let (mut places, wanted) = (BigInt::from(1), unit.clone());
            while places < wanted {
                rest *= base;
                text.push_str(&digit(u32::try_from(&rest / &unit).unwrap_or(0)));
                rest %= &unit;
                places *= base;
            }
        }
        text
    }
}
