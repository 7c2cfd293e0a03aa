//! `echo` and `printf`.

use crate::shell::{Flow, MAX_TEXT, Shell, Step};
use crate::text::{self, Escapes, unescape};
use crate::vars::Key;

pub(super) async fn echo(shell: &mut Shell, args: &[String]) -> Step {
    let mut newline = true;
    let mut escapes = shell.options.xpg_echo;
    let mut args = args;
    while let Some((first, rest)) = args.split_first() {
        let flags = match first.strip_prefix('-') {
            Some(f) if !f.is_empty() && f.chars().all(|c| "neE".contains(c)) => f,
            _ => break,
        };
        for c in flags.chars() {
            match c {
                'n' => newline = false,
                'e' => escapes = true,
                _ => escapes = false,
            }
        }
        args = rest;
    }
    let mut out = args.join(" ");
    if escapes {
        let (text, stopped) = unescape(&out, Escapes::Echo);
        out = text;
        newline &= !stopped;
    }
    if newline {
        out.push('\n');
    }
    shell.write(1, &out).await
}

pub(super) async fn printf(shell: &mut Shell, args: &[String]) -> Step {
    let mut args = args;
    let mut variable = None;
    match args.first().map(String::as_str) {
        Some("-v") => {
            variable = args.get(1).cloned();
            args = args.get(2..).unwrap_or_default();
        }
        Some("--") => args = args.get(1..).unwrap_or_default(),
        _ => {}
    }
    if args.first().is_some_and(|a| a == "--") {
        args = args.get(1..).unwrap_or_default();
    }
    let Some((format, values)) = args.split_first() else {
        return super::usage(shell, "printf: usage: printf [-v var] format [arguments]").await;
    };
    let mut job = Printf {
        out: String::new(),
        values,
        next: 0,
        errors: Vec::new(),
        stopped: false,
    };
    loop {
        let before = job.next;
        job.format(format);
        let more = job.next < values.len() && job.next > before;
        if job.stopped || !more || job.out.len() > MAX_TEXT {
            break;
        }
    }
    let status = i32::from(!job.errors.is_empty());
    for error in &job.errors {
        shell.complain(&format!("printf: {error}")).await;
    }
    match variable {
        Some(name) => {
            let (base, key) = match name.split_once('[') {
                Some((base, rest)) => {
                    let subscript = rest.strip_suffix(']').unwrap_or(rest).to_owned();
                    let key = shell.subscript(base, &subscript).await?;
                    (base.to_owned(), key)
                }
                None => (name.clone(), Key::Whole),
            };
            if !text::is_name(&base) {
                return super::usage(shell, &format!("printf: `{name}': not a valid identifier")).await;
            }
            match shell.assign_text(&base, key, job.out, false).await {
                Ok(()) => Ok(status),
                Err(Flow::Discard(n)) => Ok(n),
                Err(flow) => Err(flow),
            }
        }
        None => {
            let written = shell.write(1, &job.out).await?;
            Ok(if written == 0 { status } else { written })
        }
    }
}

struct Printf<'a> {
    out: String,
    values: &'a [String],
    next: usize,
    errors: Vec<String>,
    stopped: bool,
}

/// A conversion: `%-08.3f` and its kin.
#[derive(Default, Clone)]
struct Spec {
    left: bool,
    zero: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
}

/// Widest field, in characters: bounds what `%999999999d` writes. A wider one is refused.
const MAX_WIDTH: usize = 1 << 20;

impl Printf<'_> {
    fn value(&mut self) -> Option<String> {
        let value = self.values.get(self.next).cloned();
        self.next += 1;
        value
    }

    fn format(&mut self, format: &str) {
        let chars: Vec<char> = format.chars().collect();
        let mut i = 0;
        while let Some(&c) = chars.get(i) {
            if c == '\\' {
                // The longest escape has ten characters.
                let chunk: String = chars.iter().skip(i).take(10).collect();
                let len = escape_length(&chunk);
                let escape: String = chunk.chars().take(len).collect();
                if escape == "\\c" {
                    self.stopped = true;
                    return;
                }
                self.out.push_str(&unescape(&escape, Escapes::Format).0);
                i += len;
                continue;
            }
            i += 1;
            if c != '%' {
                self.out.push(c);
                continue;
            }
            if chars.get(i) == Some(&'%') {
                self.out.push('%');
                i += 1;
                continue;
            }
            let mut spec = Spec::default();
            while let Some(c) = chars.get(i) {
                match c {
                    '-' => spec.left = true,
                    '0' => spec.zero = true,
                    '+' => spec.plus = true,
                    ' ' => spec.space = true,
                    '#' => spec.alternate = true,
                    '\'' => {}
                    _ => break,
                }
                i += 1;
            }
            if let Some(width) = self.count(&chars, &mut i) {
                spec.left |= width < 0;
                spec.width = limit(width);
            }
            if chars.get(i) == Some(&'.') {
                i += 1;
                spec.precision = match self.count(&chars, &mut i) {
                    Some(n) if n < 0 => None,
                    Some(n) => Some(limit(n)),
                    None => Some(0),
                };
            }
            while matches!(chars.get(i), Some('l' | 'h' | 'j' | 'z' | 't' | 'L')) {
                i += 1;
            }
            let mut time_format = None;
            if chars.get(i) == Some(&'(') {
                let close = chars.iter().skip(i).position(|c| *c == ')');
                if let Some(n) = close
                    && chars.get(i + n + 1) == Some(&'T')
                {
                    time_format = Some(chars.iter().skip(i + 1).take(n - 1).collect::<String>());
                    i += n + 1;
                }
            }
            let Some(&kind) = chars.get(i) else {
                self.errors.push("`%': missing format character".to_owned());
                self.stopped = true;
                return;
            };
            i += 1;
            // Of a text the precision takes away; it adds nothing.
            let digits = spec.precision.filter(|_| !matches!(kind, 's' | 'b' | 'q' | 'Q'));
            if spec.width.max(digits.unwrap_or(0)) > MAX_WIDTH {
                self.errors
                    .push(format!("`%{kind}': a field has at most {MAX_WIDTH} characters"));
                self.stopped = true;
                return;
            }
            self.convert(kind, &spec, time_format);
            if self.stopped {
                return;
            }
        }
        if self.values.is_empty() {
            self.next = 0;
        }
    }

    /// A number, or `*` for the next argument.
    fn count(&mut self, chars: &[char], i: &mut usize) -> Option<i64> {
        if chars.get(*i) == Some(&'*') {
            *i += 1;
            let value = self.value().unwrap_or_default();
            return Some(self.integer(&value));
        }
        let digits: String = chars.iter().skip(*i).take_while(|c| c.is_ascii_digit()).collect();
        *i += digits.len();
        if digits.is_empty() {
            None
        } else {
            Some(digits.parse().unwrap_or(i64::MAX))
        }
    }

    fn convert(&mut self, kind: char, spec: &Spec, time_format: Option<String>) {
        match kind {
            's' | 'b' | 'q' | 'Q' => {
                let value = self.value().unwrap_or_default();
                let value = match kind {
                    'b' => {
                        let (text, stopped) = unescape(&value, Escapes::Echo);
                        self.stopped |= stopped;
                        text
                    }
                    'q' | 'Q' => text::quote(&value),
                    _ => value,
                };
                let value = match spec.precision {
                    Some(n) => value.chars().take(n).collect(),
                    None => value,
                };
                self.pad(&value, spec);
            }
            'c' => {
                let value = self.value().unwrap_or_default();
                let first: String = value.chars().take(1).collect();
                self.pad(&first, spec);
            }
            'd' | 'i' => {
                let value = self.value().unwrap_or_default();
                let n = self.integer(&value);
                let sign = if n < 0 {
                    "-"
                } else if spec.plus {
                    "+"
                } else if spec.space {
                    " "
                } else {
                    ""
                };
                self.number(sign, &n.unsigned_abs().to_string(), spec);
            }
            'u' | 'x' | 'X' | 'o' => {
                let value = self.value().unwrap_or_default();
                #[allow(clippy::cast_sign_loss)]
                let n = self.integer(&value) as u64;
                let digits = match kind {
                    'u' => n.to_string(),
                    'x' => format!("{n:x}"),
                    'X' => format!("{n:X}"),
                    _ => format!("{n:o}"),
                };
                let prefix = match kind {
                    'x' if spec.alternate && n != 0 => "0x",
                    'X' if spec.alternate && n != 0 => "0X",
                    'o' if spec.alternate => "0",
                    _ => "",
                };
                self.number(prefix, &digits, spec);
            }
            'f' | 'F' | 'e' | 'E' | 'g' | 'G' => {
                let value = self.value().unwrap_or_default();
                let n = self.float(&value);
                let digits = float_digits(n.abs(), kind, spec);
                let sign = if n.is_sign_negative() && !n.is_nan() {
                    "-"
                } else if spec.plus {
                    "+"
                } else if spec.space {
                    " "
                } else {
                    ""
                };
                let spec = Spec {
                    precision: None,
                    ..spec.clone()
                };
                self.number(sign, &digits, &spec);
            }
            'T' => {
                let value = self.value();
                let seconds = match value.as_deref() {
                    None | Some("-1" | "-2" | "") => i64::try_from(crate::expand::epoch().as_secs()).unwrap_or(0),
                    Some(text) => self.integer(text),
                };
                let text = crate::clock::format(&time_format.unwrap_or_default(), seconds);
                self.pad(&text, spec);
            }
            other => {
                self.errors.push(format!("`%{other}': invalid format character"));
                self.stopped = true;
            }
        }
    }

    fn number(&mut self, prefix: &str, digits: &str, spec: &Spec) {
        let mut digits = digits.to_owned();
        if let Some(n) = spec.precision {
            let missing = n.saturating_sub(digits.len());
            digits = "0".repeat(missing) + &digits;
        } else if spec.zero && !spec.left {
            let missing = spec.width.saturating_sub(digits.len() + prefix.len());
            digits = "0".repeat(missing) + &digits;
        }
        self.pad(&format!("{prefix}{digits}"), spec);
    }

    fn pad(&mut self, text: &str, spec: &Spec) {
        let fill = " ".repeat(spec.width.saturating_sub(text.chars().count()));
        if spec.left {
            self.out.push_str(text);
            self.out.push_str(&fill);
        } else {
            self.out.push_str(&fill);
            self.out.push_str(text);
        }
    }

    fn integer(&mut self, text: &str) -> i64 {
        let t = text.trim_start();
        // A quote gives the code of the character after it.
        if let Some(rest) = t.strip_prefix(['\'', '"']) {
            return rest.chars().next().map_or(0, |c| i64::from(u32::from(c)));
        }
        let (negative, digits) = match t.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, t.strip_prefix('+').unwrap_or(t)),
        };
        let (radix, digits) = if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
            (16, hex)
        } else if digits.len() > 1 && digits.starts_with('0') {
            (8, digits)
        } else {
            (10, digits)
        };
        let valid: String = digits.chars().take_while(|c| c.is_digit(radix)).collect();
        if valid.len() != digits.len() || (digits.is_empty() && !text.is_empty()) {
            self.errors.push(format!("{text}: invalid number"));
        }
        let value = i128::from_str_radix(&valid, radix).unwrap_or(0);
        let value = if negative { -value } else { value };
        match i64::try_from(value) {
            Ok(n) => n,
            Err(_) =>
            {
                #[allow(clippy::cast_possible_wrap)]
                match u64::try_from(value) {
                    Ok(n) if radix != 10 => n as i64,
                    _ if negative => i64::MIN,
                    _ => i64::MAX,
                }
            }
        }
    }

    #[allow(clippy::cast_precision_loss)]
    fn float(&mut self, text: &str) -> f64 {
        let t = text.trim();
        if t.is_empty() {
            return 0.0;
        }
        if let Ok(n) = t.parse::<f64>() {
            return n;
        }
        if t.starts_with(['\'', '"']) || t.contains("0x") {
            return self.integer(t) as f64;
        }
        self.errors.push(format!("{text}: invalid number"));
        let end = t
            .find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c)))
            .unwrap_or(t.len());
        t.get(..end).and_then(|p| p.parse().ok()).unwrap_or(0.0)
    }
}

fn limit(n: i64) -> usize {
    usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX)
}

/// Length of the escape at the start of the text, in characters.
fn escape_length(text: &str) -> usize {
    let rest: Vec<char> = text.chars().skip(1).collect();
    let run = |from: usize, most: usize, radix: u32| {
        rest.iter()
            .skip(from)
            .take(most)
            .take_while(|c| c.is_digit(radix))
            .count()
    };
    1 + match rest.first() {
        Some('x') => 1 + run(1, 2, 16),
        Some('u') => 1 + run(1, 4, 16),
        Some('U') => 1 + run(1, 8, 16),
        Some('0'..='7') => run(0, 3, 8),
        Some(_) => 1,
        None => 0,
    }
}

fn float_digits(n: f64, kind: char, spec: &Spec) -> String {
    if n.is_nan() || n.is_infinite() {
        let text = if n.is_nan() { "nan" } else { "inf" };
        return if kind.is_ascii_uppercase() {
            text.to_uppercase()
        } else {
            text.to_owned()
        };
    }
    let precision = spec.precision.unwrap_or(6).min(1000);
    let exponential = |digits: usize| -> String {
        let text = format!("{n:.digits$e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    };
    let text = match kind.to_ascii_lowercase() {
        'f' => format!("{n:.precision$}"),
        'e' => exponential(precision),
        _ => {
            let significant = precision.max(1);
            let scientific = exponential(significant - 1);
            let exponent: i32 = scientific
                .split_once('e')
                .and_then(|(_, e)| e.parse().ok())
                .unwrap_or(0);
            let most = i32::try_from(significant).unwrap_or(i32::MAX);
            let text = if exponent < -4 || exponent >= most {
                scientific
            } else {
                let decimals = usize::try_from(most - 1 - exponent).unwrap_or(0);
                format!("{n:.decimals$}")
            };
            if spec.alternate { text } else { strip_zeros(&text) }
        }
    };
    if kind.is_ascii_uppercase() {
        text.to_uppercase()
    } else {
        text
    }
}

/// Drops trailing zeros of the fraction.
fn strip_zeros(text: &str) -> String {
    let (mantissa, exponent) = match text.split_once('e') {
        Some((m, e)) => (m, format!("e{e}")),
        None => (text, String::new()),
    };
    let mantissa = if mantissa.contains('.') {
        mantissa.trim_end_matches('0').trim_end_matches('.')
    } else {
        mantissa
    };
    format!("{mantissa}{exponent}")
}
