//! `test` and `[`.

use crate::run::cond::compare;
use crate::shell::{Shell, Step};

pub(super) async fn run(shell: &mut Shell, name: &str, args: &[String]) -> Step {
    let mut args = args;
    if name == "[" {
        match args.split_last() {
            Some((last, rest)) if last == "]" => args = rest,
            _ => return super::usage(shell, "[: missing `]'").await,
        }
    }
    let result = Test {
        shell,
        args,
        pos: 0,
        depth: 0,
    }
    .whole();
    match result {
        Ok(yes) => Ok(i32::from(!yes)),
        Err(message) => super::usage(shell, &format!("{name}: {message}")).await,
    }
}

/// Deepest nesting of `!` and parentheses.
const MAX_DEPTH: u32 = 100;

struct Test<'a> {
    shell: &'a mut Shell,
    args: &'a [String],
    pos: usize,
    depth: u32,
}

fn is_unary(op: &str) -> bool {
    op.len() == 2 && op.starts_with('-') && "abcdefghknoprstuvwxzGLNORS".contains(&op[1..])
}

fn is_binary(op: &str) -> bool {
    matches!(
        op,
        "=" | "==" | "!=" | "<" | ">" | "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" | "-nt" | "-ot" | "-ef"
    )
}

impl Test<'_> {
    /// POSIX decides by the number of arguments, which is what makes `[ "$x" = "!" ]` safe.
    fn whole(mut self) -> Result<bool, String> {
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        match args.as_slice() {
            [] => return Ok(false),
            [one] => return Ok(!one.is_empty()),
            ["!", one] => return Ok(one.is_empty()),
            [op, arg] if is_unary(op) => return self.unary(op, arg),
            [op, _] => return Err(format!("{op}: unary operator expected")),
            [a, op, b] if is_binary(op) => return self.binary(a, op, b),
            [a, "-a", b] => return Ok(!a.is_empty() && !b.is_empty()),
            [a, "-o", b] => return Ok(!a.is_empty() || !b.is_empty()),
            ["!", op, arg] if is_unary(op) => return Ok(!self.unary(op, arg)?),
            ["(", one, ")"] => return Ok(!one.is_empty()),
            [_, op, _] => return Err(format!("{op}: binary operator expected")),
            ["!", a, op, b] if is_binary(op) => return Ok(!self.binary(a, op, b)?),
            _ => {}
        }
        let result = self.or()?;
        if self.pos < self.args.len() {
            return Err("too many arguments".to_owned());
        }
        Ok(result)
    }

    fn peek(&self, n: usize) -> Option<&str> {
        self.args.get(self.pos + n).map(String::as_str)
    }

    fn or(&mut self) -> Result<bool, String> {
        let mut left = self.and()?;
        while self.peek(0) == Some("-o") {
            self.pos += 1;
            let right = self.and()?;
            left = left || right;
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<bool, String> {
        let mut left = self.primary()?;
        while self.peek(0) == Some("-a") {
            self.pos += 1;
            let right = self.primary()?;
            left = left && right;
        }
        Ok(left)
    }

    fn primary(&mut self) -> Result<bool, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("nesting too deep".to_owned());
        }
        let Some(first) = self.peek(0).map(str::to_owned) else {
            return Err("argument expected".to_owned());
        };
        if let (Some(op), Some(right)) = (self.peek(1), self.peek(2))
            && is_binary(op)
        {
            let (op, right) = (op.to_owned(), right.to_owned());
            self.pos += 3;
            return self.binary(&first, &op, &right);
        }
        self.pos += 1;
        if first == "!" {
            return Ok(!self.primary()?);
        }
        if first == "(" {
            let result = self.or()?;
            if self.peek(0) != Some(")") {
                return Err("`)' expected".to_owned());
            }
            self.pos += 1;
            return Ok(result);
        }
        if is_unary(&first)
            && let Some(arg) = self.peek(0).map(str::to_owned)
        {
            self.pos += 1;
            return self.unary(&first, &arg);
        }
        Ok(!first.is_empty())
    }

    fn unary(&mut self, op: &str, arg: &str) -> Result<bool, String> {
        self.shell
            .unary_test(op, arg)
            .ok_or_else(|| format!("{op}: unary operator expected"))
    }

    fn binary(&mut self, left: &str, op: &str, right: &str) -> Result<bool, String> {
        if let Some(yes) = self.shell.binary_test(left, op, right) {
            return Ok(yes);
        }
        let number = |text: &str| {
            text.trim()
                .parse::<i64>()
                .map_err(|_| format!("{text}: integer expression expected"))
        };
        Ok(compare(op, number(left)?, number(right)?))
    }
}
