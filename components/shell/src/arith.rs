//! Arithmetic: `$(( … ))`, `(( … ))`, `let`, array subscripts.
//!
//! 64-bit two's complement with wrap-around, as in bash.

/// Deepest nesting of parentheses, operators and variables that name expressions.
const MAX_DEPTH: u32 = 100;

/// What an expression reads and writes.
pub(crate) trait Variables {
    /// The text of a variable, or of an element of an array.
    fn get(&mut self, name: &str, subscript: Option<&str>, depth: u32) -> Result<String, String>;
    fn set(&mut self, name: &str, subscript: Option<&str>, value: i64, depth: u32) -> Result<(), String>;
}

/// Evaluates an expression. Errors are messages in bash's words.
pub(crate) fn evaluate(text: &str, vars: &mut dyn Variables, depth: u32) -> Result<i64, String> {
    if depth > MAX_DEPTH {
        return Err(format!("{text}: expression recursion level exceeded"));
    }
    let mut eval = Eval {
        text,
        pos: 0,
        vars,
        depth,
        skip: false,
    };
    eval.blank();
    if eval.pos >= text.len() {
        return Ok(0);
    }
    let value = eval.comma()?;
    eval.blank();
    if eval.pos < text.len() {
        let rest = eval.rest().to_owned();
        let kind = if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            "syntax error in expression"
        } else {
            "syntax error: invalid arithmetic operator"
        };
        return Err(eval.error(kind, &rest));
    }
    Ok(value)
}

struct Eval<'a> {
    text: &'a str,
    pos: usize,
    vars: &'a mut dyn Variables,
    depth: u32,
    /// In the branch not taken of `&&`, `||` or `?:`: parse, but change nothing.
    skip: bool,
}

struct Place {
    name: String,
    subscript: Option<String>,
}

/// Binary operators by precedence, weakest first; longer ones before their prefixes.
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl<'a> Eval<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn error(&self, what: &str, token: &str) -> String {
        format!("{}: {what} (error token is \"{token}\")", self.text.trim_start())
    }

    fn blank(&mut self) {
        let rest = self.rest();
        self.pos += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, op: &str) -> bool {
        self.blank();
        let yes = self.rest().starts_with(op);
        if yes {
            self.pos += op.len();
        }
        yes
    }

    fn deeper<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("{}: expression recursion level exceeded", self.text));
        }
        let result = f(self);
        self.depth -= 1;
        result
    }

    fn comma(&mut self) -> Result<i64, String> {
        let mut value = self.deeper(Self::assignment)?;
        while self.eat(",") {
            value = self.deeper(Self::assignment)?;
        }
        Ok(value)
    }

    fn assignment(&mut self) -> Result<i64, String> {
        self.blank();
        let start = self.pos;
        if let Some(place) = self.place()? {
            self.blank();
            const OPS: [&str; 11] = ["<<=", ">>=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "="];
            let op = OPS
                .iter()
                .find(|op| self.rest().starts_with(**op) && !self.rest().starts_with("=="));
            if let Some(op) = op {
                self.pos += op.len();
                let right = self.deeper(Self::assignment)?;
                let value = match op.strip_suffix('=') {
                    Some("") | None => right,
                    Some(op) => {
                        let left = self.read(&place)?;
                        self.binary(op, left, right)?
                    }
                };
                self.write(&place, value)?;
                return Ok(value);
            }
        }
        self.pos = start;
        self.conditional()
    }

    fn conditional(&mut self) -> Result<i64, String> {
        let test = self.level(0)?;
        if !self.eat("?") {
            return Ok(test);
        }
        let outer = self.skip;
        self.skip = outer || test == 0;
        let yes = self.deeper(Self::comma)?;
        if !self.eat(":") {
            let rest = self.rest().to_owned();
            return Err(self.error("`:' expected for conditional expression", &rest));
        }
        self.skip = outer || test != 0;
        let no = self.deeper(Self::assignment)?;
        self.skip = outer;
        Ok(if test != 0 { yes } else { no })
    }

    fn level(&mut self, n: usize) -> Result<i64, String> {
        let Some(ops) = LEVELS.get(n) else {
            return self.power();
        };
        let mut left = self.level(n + 1)?;
        while let Some(op) = self.operator(ops) {
            let outer = self.skip;
            match op {
                "&&" => self.skip = outer || left == 0,
                "||" => self.skip = outer || left != 0,
                _ => {}
            }
            let right = self.level(n + 1)?;
            self.skip = outer;
            left = self.binary(op, left, right)?;
        }
        Ok(left)
    }

    fn operator(&mut self, ops: &[&'static str]) -> Option<&'static str> {
        self.blank();
        let rest = self.rest();
        let op = ops.iter().find(|op| rest.starts_with(**op))?;
        let after = rest.get(op.len()..)?;
        // Not the start of a longer operator: `|` of `||`, `<` of `<<`, `+` of `+=`, `*` of `**`.
        let longer = match *op {
            "|" => after.starts_with(['|', '=']),
            "&" => after.starts_with(['&', '=']),
            "<" | ">" => after.starts_with(op.chars().next()?),
            "*" => after.starts_with(['*', '=']),
            "^" | "+" | "-" | "/" | "%" | "<<" | ">>" => after.starts_with('='),
            _ => false,
        };
        if longer {
            return None;
        }
        self.pos += op.len();
        Some(op)
    }

    fn power(&mut self) -> Result<i64, String> {
        let base = self.unary()?;
        if self.eat("**") {
            let exponent = self.deeper(Self::power)?;
            return self.binary("**", base, exponent);
        }
        Ok(base)
    }

    fn unary(&mut self) -> Result<i64, String> {
        self.blank();
        for (op, by) in [("++", 1i64), ("--", -1)] {
            if self.rest().starts_with(op) {
                let start = self.pos;
                self.pos += 2;
                self.blank();
                if let Some(place) = self.place()? {
                    let value = self.read(&place)?.wrapping_add(by);
                    self.write(&place, value)?;
                    return Ok(value);
                }
                self.pos = start;
            }
        }
        if self.eat("!") {
            return Ok(i64::from(self.deeper(Self::unary)? == 0));
        }
        if self.eat("~") {
            return Ok(!self.deeper(Self::unary)?);
        }
        if self.eat("-") {
            return Ok(self.deeper(Self::unary)?.wrapping_neg());
        }
        if self.eat("+") {
            return self.deeper(Self::unary);
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<i64, String> {
        if self.eat("(") {
            let value = self.deeper(Self::comma)?;
            if !self.eat(")") {
                let rest = self.rest().to_owned();
                return Err(self.error("missing `)'", &rest));
            }
            return Ok(value);
        }
        self.blank();
        if let Some(place) = self.place()? {
            let value = self.read(&place)?;
            for (op, by) in [("++", 1i64), ("--", -1)] {
                if self.eat(op) {
                    self.write(&place, value.wrapping_add(by))?;
                    break;
                }
            }
            return Ok(value);
        }
        let rest = self.rest();
        let len = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '#' || c == '_' || c == '@'))
            .unwrap_or(rest.len());
        let token = rest.get(..len).unwrap_or_default();
        if token.is_empty() {
            return Err(self.error("syntax error: operand expected", rest));
        }
        self.pos += len;
        number(token).map_err(|why| self.error(why, token))
    }

    /// A variable or an element, if one comes.
    fn place(&mut self) -> Result<Option<Place>, String> {
        let rest = self.rest();
        if !rest.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic()) {
            return Ok(None);
        }
        let len = rest
            .find(|c: char| !(c == '_' || c.is_ascii_alphanumeric()))
            .unwrap_or(rest.len());
        let name = rest.get(..len).unwrap_or_default().to_owned();
        self.pos += len;
        let mut subscript = None;
        if self.rest().starts_with('[') {
            let rest = self.rest();
            let mut depth = 0;
            let end = rest.bytes().position(|b| {
                depth += match b {
                    b'[' => 1,
                    b']' => -1,
                    _ => 0,
                };
                depth == 0
            });
            let Some(end) = end else {
                return Err(self.error("bad array subscript", rest));
            };
            subscript = rest.get(1..end).map(str::to_owned);
            self.pos += end + 1;
        }
        Ok(Some(Place { name, subscript }))
    }

    fn read(&mut self, place: &Place) -> Result<i64, String> {
        if self.skip {
            return Ok(0);
        }
        let text = self.vars.get(&place.name, place.subscript.as_deref(), self.depth)?;
        let text = text.trim();
        if text.is_empty() {
            return Ok(0);
        }
        if let Ok(value) = number(text.strip_prefix('-').unwrap_or(text)) {
            return Ok(if text.starts_with('-') {
                value.wrapping_neg()
            } else {
                value
            });
        }
        evaluate(text, self.vars, self.depth + 1)
    }

    fn write(&mut self, place: &Place, value: i64) -> Result<(), String> {
        if self.skip {
            return Ok(());
        }
        self.vars
            .set(&place.name, place.subscript.as_deref(), value, self.depth)
    }

    fn binary(&self, op: &str, a: i64, b: i64) -> Result<i64, String> {
        Ok(match op {
            "||" => i64::from(a != 0 || b != 0),
            "&&" => i64::from(a != 0 && b != 0),
            "|" => a | b,
            "^" => a ^ b,
            "&" => a & b,
            "==" => i64::from(a == b),
            "!=" => i64::from(a != b),
            "<=" => i64::from(a <= b),
            ">=" => i64::from(a >= b),
            "<" => i64::from(a < b),
            ">" => i64::from(a > b),
            "<<" => a.wrapping_shl(b as u32),
            ">>" => a.wrapping_shr(b as u32),
            "+" => a.wrapping_add(b),
            "-" => a.wrapping_sub(b),
            "*" => a.wrapping_mul(b),
            "/" | "%" if b == 0 => {
                if self.skip {
                    return Ok(0);
                }
                return Err(self.error("division by 0", self.last_operand()));
            }
            "/" => a.wrapping_div(b),
            "%" => a.wrapping_rem(b),
            "**" => {
                if b < 0 {
                    return Err(self.error("exponent less than 0", self.last_operand()));
                }
                power(a, b)
            }
            _ => 0,
        })
    }

    /// The text of the operand just read, for an error message.
    fn last_operand(&self) -> &'a str {
        let done = self.text.get(..self.pos).unwrap_or_default();
        let start = done
            .trim_end()
            .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
            .map_or(0, |i| i + 1);
        self.text.get(start..).unwrap_or_default()
    }
}

fn power(mut base: i64, mut exponent: i64) -> i64 {
    let mut result = 1i64;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        exponent >>= 1;
    }
    result
}

/// A literal: decimal, `0x…`, `0…` (octal) or `base#digits`.
fn number(text: &str) -> Result<i64, &'static str> {
    let (base, digits) = if let Some((base, digits)) = text.split_once('#') {
        let base: u32 = base.parse().map_err(|_| "invalid number")?;
        if !(2..=64).contains(&base) {
            return Err("invalid arithmetic base");
        }
        (base, digits)
    } else if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        (16, hex)
    } else if text.len() > 1 && text.starts_with('0') {
        (8, text)
    } else {
        (10, text)
    };
    if digits.is_empty() {
        return Err("invalid number");
    }
    let mut value = 0i64;
    for c in digits.chars() {
        let digit = match c {
            '0'..='9' => c as u32 - '0' as u32,
            'a'..='z' => c as u32 - 'a' as u32 + 10,
            'A'..='Z' if base <= 36 => c as u32 - 'A' as u32 + 10,
            'A'..='Z' => c as u32 - 'A' as u32 + 36,
            '@' => 62,
            '_' => 63,
            _ => return Err("invalid number"),
        };
        if digit >= base {
            return Err("value too great for base");
        }
        value = value.wrapping_mul(i64::from(base)).wrapping_add(i64::from(digit));
    }
    Ok(value)
}
