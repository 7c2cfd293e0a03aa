//! The functions of `bc -l`: computed with more digits than are wanted, then cut off.

use super::number::Number;

/// Digits computed beyond those wanted.
const GUARD: u32 = 12;
/// The largest argument of `e` whose result is still written down.
const MOST_EXPONENT: i64 = 1_000_000;

type Result = std::result::Result<Number, String>;

fn whole(number: &Number) -> i64 {
    i64::try_from(number.at(0).value).unwrap_or(i64::MAX)
}

/// `e(x)`.
pub fn exponential(x: &Number, scale: u32) -> Result {
    let size = whole(x).saturating_abs();
    if size > MOST_EXPONENT {
        return Err("argument of e is too large".into());
    }
    // Halved until it is small; each doubling back may cost a digit.
    let halvings = 64 - (size as u64).leading_zeros() + 3;
    let work = scale + GUARD + halvings + (size as u32) / 2;
    let small = x.at(x.scale.max(work)).divide(&Number::from(1 << halvings), work)?;
    let (mut sum, mut term, mut n) = (Number::from(1).at(work), Number::from(1).at(work), 0);
    while !term.is_zero() {
        n += 1;
        term = term.multiply(&small, work).at(work).divide(&Number::from(n), work)?;
        sum = sum.add(&term);
    }
    for _ in 0..halvings {
        sum = sum.multiply(&sum, work).at(work);
    }
    Ok(sum.at(scale))
}

/// `l(x)`.
pub fn logarithm(x: &Number, scale: u32) -> Result {
    if x.is_zero() || x.is_negative() {
        // As GNU bc: the number nearest to minus infinity that this scale has.
        return Ok(Number {
            value: num_bigint::BigInt::from(1) - num_bigint::BigInt::from(10).pow(scale),
            scale: 0,
        }
        .at(scale));
    }
    let work = scale + GUARD + x.length() as u32 / 2 + 10;
    let (mut y, mut doublings) = (x.at(work.max(x.scale)), 0);
    let (low, high) = (Number::parse("0.8", 10), Number::parse("1.2", 10));
    while y.compare(&high).is_gt() || y.compare(&low).is_lt() {
        y = y.root(work)?.at(work);
        doublings += 1;
    }
    // ln y = 2 artanh((y - 1) / (y + 1))
    let one = Number::from(1);
    let z = y.subtract(&one).divide(&y.add(&one), work)?;
    let square = z.multiply(&z, work).at(work);
    let (mut sum, mut power, mut n) = (z.clone(), z, 1);
    while !power.is_zero() {
        n += 2;
        power = power.multiply(&square, work).at(work);
        sum = sum.add(&power.divide(&Number::from(n), work)?);
    }
    let two = Number::from(2).power(&Number::from(doublings + 1), 0)?;
    Ok(sum.multiply(&two, work).at(scale))
}

/// The series of the arc tangent, for small arguments.
fn series(x: &Number, work: u32) -> Result {
    let square = x.multiply(x, work).at(work).negated();
    let (mut sum, mut power, mut n) = (x.at(work), x.at(work), 1);
    while !power.is_zero() {
        n += 2;
        power = power.multiply(&square, work).at(work);
        sum = sum.add(&power.divide(&Number::from(n), work)?);
    }
    Ok(sum)
}

fn pi(work: u32) -> Result {
    let of = |n: i64| series(&Number::from(1).divide(&Number::from(n), work)?, work);
    let (fifth, other) = (of(5)?, of(239)?);
    Ok(fifth
        .multiply(&Number::from(16), work)
        .subtract(&other.multiply(&Number::from(4), work)))
}

/// `a(x)`.
pub fn arc_tangent(x: &Number, scale: u32) -> Result {
    const HALVINGS: i64 = 3;
    if x.is_zero() {
        return Ok(Number::from(0));
    }
    let work = scale + GUARD;
    let one = Number::from(1);
    let size = if x.is_negative() { x.negated() } else { x.clone() };
    let inverted = size.compare(&one).is_gt();
    let mut y = if inverted {
        one.divide(&size, work)?
    } else {
        size.at(work.max(size.scale))
    };
    for _ in 0..HALVINGS {
        let root = one.add(&y.multiply(&y, work).at(work)).root(work)?.at(work);
        y = y.divide(&one.add(&root), work)?;
    }
    let mut angle = series(&y, work)?.multiply(&Number::from(1 << HALVINGS), work);
    if inverted {
        angle = pi(work)?.divide(&Number::from(2), work)?.subtract(&angle);
    }
    Ok(if x.is_negative() { angle.negated() } else { angle }.at(scale))
}

/// `s(x)`.
pub fn sine(x: &Number, scale: u32) -> Result {
    turned(x, scale, false)
}

/// `c(x)`.
pub fn cosine(x: &Number, scale: u32) -> Result {
    turned(x, scale, true)
}

fn turned(x: &Number, scale: u32, quarter: bool) -> Result {
    let before = x.length() as u32 - x.scale.min(x.length() as u32);
    let work = scale + GUARD + before;
    let pi = pi(work)?;
    let half = pi.divide(&Number::from(2), work)?;
    let x = if quarter { x.add(&half) } else { x.clone() };
    // The nearest multiple of pi is taken away.
    let turns = x
        .add(&if x.is_negative() { half.negated() } else { half })
        .divide(&pi, 0)?;
    let y = x.at(x.scale.max(work)).subtract(&pi.multiply(&turns, work)).at(work);
    let square = y.multiply(&y, work).at(work).negated();
    let (mut sum, mut term, mut n) = (y.clone(), y, 1);
    while !term.is_zero() {
        n += 2;
        term = term
            .multiply(&square, work)
            .at(work)
            .divide(&Number::from((n - 1) * n), work)?;
        sum = sum.add(&term);
    }
    let odd = turns.value.bit(0);
    // Cut off behind digits that the guard rounds: 0.99999… is 1.
    let rounded = |number: Number| {
        let rest = Number {
            value: 5.into(),
            scale: scale + GUARD / 2 + 1,
        };
        let sum = if number.is_negative() {
            number.subtract(&rest)
        } else {
            number.add(&rest)
        };
        sum.at(scale + GUARD / 2).at(scale)
    };
    Ok(rounded(if odd { sum.negated() } else { sum }))
}

/// `j(n, x)`: the Bessel function of whole order.
pub fn bessel(order: &Number, x: &Number, scale: u32) -> Result {
    let n = whole(order);
    if n.unsigned_abs() > 10_000 || whole(x).unsigned_abs() > 10_000 {
        return Err("argument of j is too large".into());
    }
    let size = n.unsigned_abs() as i64;
    let work = scale + GUARD + whole(x).unsigned_abs() as u32 * 2 + size as u32;
    let half = x.at(x.scale.max(work)).divide(&Number::from(2), work)?;
    let mut term = Number::from(1).at(work);
    for k in 1..=size {
        term = term.multiply(&half, work).at(work).divide(&Number::from(k), work)?;
    }
    let square = half.multiply(&half, work).at(work).negated();
    let (mut sum, mut k) = (term.clone(), 0);
    while !term.is_zero() {
        k += 1;
        term = term
            .multiply(&square, work)
            .at(work)
            .divide(&Number::from(k * (k + size)), work)?;
        sum = sum.add(&term);
    }
    Ok(if n < 0 && n % 2 != 0 { sum.negated() } else { sum }.at(scale))
}
