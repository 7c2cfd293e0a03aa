//! Which lines of two files differ: Myers' algorithm in linear space, and runs of changes moved to where GNU diff shows
//! them.

use std::collections::HashMap;

/// Steps after which a good split is taken for the best one: files that have nothing in common stay affordable.
const MOST_COST: usize = 2048;

/// For each line of both files, whether it has no partner in the other.
#[derive(Debug)]
pub struct Changes {
    /// Of the first file.
    pub old: Vec<bool>,
    /// Of the second file.
    pub new: Vec<bool>,
}

/// A run of changes: lines `old.0..old.1` became `new.0..new.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// From and to, in the first file.
    pub old: (usize, usize),
    /// From and to, in the second file.
    pub new: (usize, usize),
}

/// Compares two files by the keys of their lines: lines with equal keys are the same.
pub fn compare<K: std::hash::Hash + Eq>(old: &[K], new: &[K]) -> Changes {
    let mut numbers: HashMap<&K, (usize, bool, bool)> = HashMap::new();
    let mut number = |line, is_new: bool| {
        let next = numbers.len();
        let entry = numbers.entry(line).or_insert((next, false, false));
        if is_new {
            entry.2 = true;
        } else {
            entry.1 = true;
        }
        entry.0
    };
    let a: Vec<usize> = old.iter().map(|line| number(line, false)).collect();
    let b: Vec<usize> = new.iter().map(|line| number(line, true)).collect();
    let mut in_both = vec![false; numbers.len()];
    for (id, in_old, in_new) in numbers.values() {
        in_both[*id] = *in_old && *in_new;
    }
    let mut changes = Changes {
        old: vec![false; a.len()],
        new: vec![false; b.len()],
    };
    // Lines that occur in one file only are changes, and need no search.
    let kept = |lines: &[usize], changed: &mut [bool]| -> (Vec<usize>, Vec<usize>) {
        let mut places = Vec::new();
        let mut ids = Vec::new();
        for (at, id) in lines.iter().enumerate() {
            if in_both[*id] {
                places.push(at);
                ids.push(*id);
            } else {
                changed[at] = true;
            }
        }
        (places, ids)
    };
    let (places_a, ids_a) = kept(&a, &mut changes.old);
    let (places_b, ids_b) = kept(&b, &mut changes.new);
    let size = ids_a.len() + ids_b.len() + 3;
    let mut search = Search {
        a: &ids_a,
        b: &ids_b,
        places: (&places_a, &places_b),
        changes: &mut changes,
        forward: vec![0; 2 * size + 1],
        backward: vec![0; 2 * size + 1],
        middle: isize::try_from(size).unwrap_or(0),
    };
    search.divide(0, ids_a.len(), 0, ids_b.len());
    shift(&mut changes.old, &mut changes.new, &a);
    shift(&mut changes.new, &mut changes.old, &b);
    changes
}

/// The runs of changes, in order.
pub fn runs(changes: &Changes) -> Vec<Run> {
    let (mut i, mut j, mut found) = (0, 0, Vec::new());
    while i < changes.old.len() || j < changes.new.len() {
        let (start_i, start_j) = (i, j);
        while changes.old.get(i) == Some(&true) {
            i += 1;
        }
        while changes.new.get(j) == Some(&true) {
            j += 1;
        }
        if (i, j) == (start_i, start_j) {
            i += 1;
            j += 1;
        } else {
            found.push(Run {
                old: (start_i, i),
                new: (start_j, j),
            });
        }
    }
    found
}

struct Search<'a> {
    a: &'a [usize],
    b: &'a [usize],
    places: (&'a [usize], &'a [usize]),
    changes: &'a mut Changes,
    forward: Vec<isize>,
    backward: Vec<isize>,
    middle: isize,
}

impl Search<'_> {
    fn divide(&mut self, mut a0: usize, mut a1: usize, mut b0: usize, mut b1: usize) {
        // The larger half is handled by the loop, so that recursion is as deep as the logarithm of the size.
        loop {
            while a0 < a1 && b0 < b1 && self.a[a0] == self.b[b0] {
                a0 += 1;
                b0 += 1;
            }
            while a0 < a1 && b0 < b1 && self.a[a1 - 1] == self.b[b1 - 1] {
                a1 -= 1;
                b1 -= 1;
            }
            if a0 == a1 {
                self.places.1[b0..b1].iter().for_each(|at| self.changes.new[*at] = true);
                return;
            }
            if b0 == b1 {
                self.places.0[a0..a1].iter().for_each(|at| self.changes.old[*at] = true);
                return;
            }
            let (x, y) = self.split(a0, a1, b0, b1);
            if x - a0 + (y - b0) < a1 - x + (b1 - y) {
                self.divide(a0, x, b0, y);
                (a0, b0) = (x, y);
            } else {
                self.divide(x, a1, y, b1);
                (a1, b1) = (x, y);
            }
        }
    }

    /// A point on a shortest path. The four are indices of slices, so they fit.
    #[allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)]
    fn split(&mut self, a0: usize, a1: usize, b0: usize, b1: usize) -> (usize, usize) {
        let (a0, a1, b0, b1) = (a0 as isize, a1 as isize, b0 as isize, b1 as isize);
        // Diagonals are `x - y` relative to the corner of this part, so that they fit the arrays.
        let (low, high) = (-(b1 - b0), a1 - a0);
        let middle = self.middle;
        let at = |diagonal: isize| (middle + diagonal) as usize;
        let end = (a1 - a0) - (b1 - b0);
        let odd = end & 1 != 0;
        let (mut fmin, mut fmax, mut bmin, mut bmax) = (0, 0, end, end);
        self.forward[at(0)] = a0;
        self.backward[at(end)] = a1;
        let y_of = |x: isize, diagonal: isize| x - a0 - diagonal + b0;
        let mut cost = 0;
        loop {
            cost += 1;
            if fmin > low {
                fmin -= 1;
                self.forward[at(fmin - 1)] = -1;
            } else {
                fmin += 1;
            }
            if fmax < high {
                fmax += 1;
                self.forward[at(fmax + 1)] = -1;
            } else {
                fmax -= 1;
            }
            let mut d = fmax;
            while d >= fmin {
                let (below, above) = (self.forward[at(d - 1)], self.forward[at(d + 1)]);
                let mut x = if below < above { above } else { below + 1 };
                let mut y = y_of(x, d);
                while x < a1 && y < b1 && self.a[x as usize] == self.b[y as usize] {
                    x += 1;
                    y += 1;
                }
                self.forward[at(d)] = x;
                if odd && bmin <= d && d <= bmax && self.backward[at(d)] <= x {
                    return (x as usize, y as usize);
                }
                d -= 2;
            }
            if bmin > low {
                bmin -= 1;
                self.backward[at(bmin - 1)] = isize::MAX;
            } else {
                bmin += 1;
            }
            if bmax < high {
                bmax += 1;
                self.backward[at(bmax + 1)] = isize::MAX;
            } else {
                bmax -= 1;
            }
            let mut d = bmax;
            while d >= bmin {
                let (below, above) = (self.backward[at(d - 1)], self.backward[at(d + 1)]);
                let mut x = if below < above { below } else { above - 1 };
                let mut y = y_of(x, d);
                while a0 < x && b0 < y && self.a[x as usize - 1] == self.b[y as usize - 1] {
                    x -= 1;
                    y -= 1;
                }
                self.backward[at(d)] = x;
                if !odd && fmin <= d && d <= fmax && x <= self.forward[at(d)] {
                    return (x as usize, y as usize);
                }
                d -= 2;
            }
            if cost >= MOST_COST {
                return self.give_up((fmin, fmax), (a0, a1, b0, b1));
            }
        }
    }

    /// The furthest point that was reached.
    #[allow(clippy::cast_sign_loss)]
    fn give_up(&self, (fmin, fmax): (isize, isize), (a0, a1, b0, b1): (isize, isize, isize, isize)) -> (usize, usize) {
        let mut best = (a0, b0);
        let mut d = fmax;
        while d >= fmin {
            let x = self.forward[(self.middle + d) as usize].min(a1);
            let y = x - a0 - d + b0;
            let (x, y) = if y > b1 { (x - (y - b1), b1) } else { (x, y) };
            if x >= a0 && y >= b0 && x + y > best.0 + best.1 {
                best = (x, y);
            }
            d -= 2;
        }
        (best.0 as usize, best.1 as usize)
    }
}

/// Moves runs of changes as far down as they go, and joins those that meet; back to where the other file changes, too.
fn shift(changed: &mut [bool], other: &mut [bool], lines: &[usize]) {
    let end = changed.len();
    let is = |flags: &[bool], at: usize| flags.get(at).copied().unwrap_or(false);
    let before = |flags: &[bool], at: usize| at > 0 && flags[at - 1];
    let (mut i, mut j) = (0, 0);
    loop {
        while i < end && !changed[i] {
            while is(other, j) {
                j += 1;
            }
            j += 1;
            i += 1;
        }
        if i == end {
            return;
        }
        let mut start = i;
        while is(changed, i) {
            i += 1;
        }
        while is(other, j) {
            j += 1;
        }
        let mut corresponding;
        loop {
            let length = i - start;
            while start > 0 && lines[start - 1] == lines[i - 1] {
                start -= 1;
                changed[start] = true;
                i -= 1;
                changed[i] = false;
                while before(changed, start) {
                    start -= 1;
                }
                j = j.saturating_sub(1);
                while is(other, j) && j > 0 {
                    j -= 1;
                }
            }
            corresponding = if before(other, j) { i } else { end };
            while i != end && lines[start] == lines[i] {
                changed[start] = false;
                start += 1;
                changed[i] = true;
                i += 1;
                while is(changed, i) {
                    i += 1;
                }
                j += 1;
                while is(other, j) {
                    corresponding = i;
                    j += 1;
                }
            }
            if length == i - start {
                break;
            }
        }
        while corresponding < i {
            start -= 1;
            changed[start] = true;
            i -= 1;
            changed[i] = false;
            j = j.saturating_sub(1);
            while is(other, j) && j > 0 {
                j -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<&'a str> {
        let changes = compare(old, new);
        let mut out = Vec::new();
        let mut at = 0;
        for run in runs(&changes) {
            out.extend_from_slice(&old[at..run.old.0]);
            out.extend_from_slice(&new[run.new.0..run.new.1]);
            at = run.old.1;
        }
        out.extend_from_slice(&old[at..]);
        out
    }

    #[test]
    fn old_and_changes_give_new() {
        // Every pair of sequences over three letters, up to five long: 364 times 364 of them.
        let mut all: Vec<Vec<&str>> = vec![Vec::new()];
        let mut from = 0;
        for _ in 0..5 {
            let until = all.len();
            for at in from..until {
                for letter in ["a", "b", "c"] {
                    let mut longer = all[at].clone();
                    longer.push(letter);
                    all.push(longer);
                }
            }
            from = until;
        }
        for old in &all {
            for new in &all {
                assert_eq!(&applied(old, new), new, "{old:?} {new:?}");
            }
        }
    }

    #[test]
    fn nothing_in_common_is_affordable() {
        // The same lines, in reverse: every line has a partner, and no order fits.
        let old: Vec<String> = (0..20_000).map(|n| n.to_string()).collect();
        let new: Vec<String> = old.iter().rev().cloned().collect();
        let changes = compare(&old, &new);
        assert!(changes.old.iter().filter(|changed| **changed).count() >= 19_000);
    }
}
