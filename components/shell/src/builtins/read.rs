//! `read` and `mapfile`.

use std::time::Duration;

use crate::os::{Fd, Interest, Ready};
use crate::shell::{Shell, Step};
use crate::text;
use crate::vars::{Key, Value};

/// Longest line that `read` takes, in bytes.
const MAX_LINE: usize = 64 << 20;

#[derive(Default)]
struct Request {
    raw: bool,
    silent: bool,
    array: Option<String>,
    delimiter: Option<String>,
    prompt: Option<String>,
    count: Option<usize>,
    exact: bool,
    timeout: Option<Duration>,
    fd: u32,
    names: Vec<String>,
}

pub(super) async fn read(shell: &mut Shell, args: &[String]) -> Step {
    let mut request = Request::default();
    let mut i = 0;
    'args: while let Some(arg) = args.get(i) {
        i += 1;
        if arg == "--" {
            break;
        }
        let Some(flags) = arg.strip_prefix('-').filter(|f| !f.is_empty()) else {
            i -= 1;
            break;
        };
        for (at, c) in flags.char_indices() {
            match c {
                'r' => request.raw = true,
                's' => request.silent = true,
                'e' => {}
                'a' | 'd' | 'p' | 'n' | 'N' | 't' | 'u' | 'i' => {
                    let rest = flags.get(at + 1..).unwrap_or_default();
                    let value = if rest.is_empty() {
                        i += 1;
                        args.get(i - 1).cloned().unwrap_or_default()
                    } else {
                        rest.to_owned()
                    };
                    if !option(&mut request, c, value.clone()) {
                        return super::usage(shell, &format!("read: {value}: invalid number"))
                            .await
                            .map(|_| 1);
                    }
                    continue 'args;
                }
                c => return super::usage(shell, &format!("read: -{c}: invalid option")).await,
            }
        }
    }
    request.names = args.get(i..).unwrap_or_default().to_vec();
    for name in &request.names {
        let base = name.split_once('[').map_or(name.as_str(), |(b, _)| b);
        if !text::is_name(base) {
            shell.complain(&format!("read: `{name}': not a valid identifier")).await;
            return Ok(1);
        }
    }
    let Some(input) = shell.fd(request.fd) else {
        shell
            .complain(&format!(
                "read: {}: invalid file descriptor: Bad file descriptor",
                request.fd
            ))
            .await;
        return Ok(1);
    };
    if request.timeout == Some(Duration::ZERO) {
        // Only whether input waits.
        // What a task of ours is about to write counts too.
        shell.exec.pause().await;
        let ready = shell.os().wait(&[Interest::Read(input)], false);
        return Ok(i32::from(ready.is_empty()));
    }
    if let Some(prompt) = &request.prompt
        && input.is_terminal()
    {
        shell.print_error(prompt).await;
    }
    let mode = input.terminal_mode().ok();
    if let Some(mode) = mode {
        let canonical = request.count.is_none() && request.delimiter.is_none();
        let wanted = crate::os::Mode {
            echo: mode.echo && !request.silent,
            canonical: mode.canonical && canonical,
            ..mode
        };
        // A terminal that is gone is at its end.
        let _ = input.set_terminal_mode(wanted);
    }
    let (chars, status) = line(shell, &input, &request).await;
    if let Some(mode) = mode {
        let _ = input.set_terminal_mode(mode);
    }
    assign(shell, &request, chars).await?;
    Ok(status)
}

fn option(request: &mut Request, letter: char, value: String) -> bool {
    match letter {
        'a' => request.array = Some(value),
        'd' => request.delimiter = Some(value),
        'p' => request.prompt = Some(value),
        'n' | 'N' => {
            request.exact = letter == 'N';
            match value.parse() {
                Ok(n) => request.count = Some(n),
                Err(_) => return false,
            }
        }
        't' => match value.parse::<f64>().map(Duration::try_from_secs_f64) {
            Ok(Ok(t)) => request.timeout = Some(t),
            _ => return false,
        },
        'u' => match value.parse() {
            Ok(n) => request.fd = n,
            Err(_) => return false,
        },
        _ => {}
    }
    true
}

/// One byte. None: the end of the input; Err: the time is over.
async fn byte(shell: &Shell, input: &Fd, deadline: Option<Duration>) -> Result<Option<u8>, ()> {
    loop {
        match input.try_read(1) {
            Ok(Ready::Now(bytes)) => return Ok(bytes.first().copied()),
            Ok(Ready::Later) => {}
            Err(_) => return Ok(None),
        }
        let mut interests = vec![Interest::Read(input.clone())];
        if let Some(deadline) = deadline {
            if shell.os().monotonic() >= deadline {
                return Err(());
            }
            interests.push(Interest::Timer(deadline));
        }
        shell.exec.wait(&interests).await;
    }
}

/// The characters of a line, and which of them a backslash quoted; the status.
async fn line(shell: &Shell, input: &Fd, request: &Request) -> (Vec<(char, bool)>, i32) {
    let deadline = request.timeout.map(|t| shell.os().monotonic() + t);
    let delimiter = match (&request.delimiter, request.exact) {
        (_, true) => None,
        (Some(d), _) => Some(d.bytes().next().unwrap_or(0)),
        (None, _) => Some(b'\n'),
    };
    let mut bytes: Vec<u8> = Vec::new();
    let mut quoted: Vec<bool> = Vec::new();
    let mut status = 0;
    let mut escaped = false;
    loop {
        if let Some(count) = request.count
            && text::decode(&bytes).chars().count() >= count
            && std::str::from_utf8(&bytes).is_ok()
        {
            break;
        }
        match byte(shell, input, deadline).await {
            Ok(None) => {
                status = 1;
                break;
            }
            Err(()) => {
                status = 142;
                break;
            }
            Ok(Some(b)) => {
                if escaped {
                    escaped = false;
                    if b != b'\n' {
                        bytes.push(b);
                        quoted.push(true);
                    }
                } else if b == b'\\' && !request.raw {
                    escaped = true;
                } else if Some(b) == delimiter {
                    break;
                } else if b != 0 {
                    bytes.push(b);
                    quoted.push(false);
                }
                if bytes.len() >= MAX_LINE {
                    status = 1;
                    break;
                }
            }
        }
    }
    let decoded = text::decode(&bytes);
    let mut chars = Vec::with_capacity(decoded.len());
    let mut at = 0;
    for c in decoded.chars() {
        chars.push((c, quoted.get(at).copied().unwrap_or(false)));
        // A stray byte is one byte, whatever its stand-in needs.
        let mut buffer = [0; 4];
        at += text::encode(c.encode_utf8(&mut buffer)).len();
    }
    (chars, status)
}

async fn assign(shell: &mut Shell, request: &Request, chars: Vec<(char, bool)>) -> Result<(), crate::shell::Flow> {
    let ifs = shell.ifs();
    if let Some(name) = &request.array {
        let fields = split(&chars, &ifs, usize::MAX);
        let map = (0i64..).zip(fields).collect();
        if let Err(message) = shell.vars.set_value(name, Value::Indexed(map)) {
            shell.complain(&message).await;
        }
        return Ok(());
    }
    if request.names.is_empty() || request.exact {
        let text: String = chars.iter().map(|(c, _)| *c).collect();
        let name = request.names.first().map_or("REPLY", String::as_str);
        set(shell, name, text).await?;
        for name in request.names.iter().skip(1) {
            set(shell, name, String::new()).await?;
        }
        return Ok(());
    }
    let mut fields = split(&chars, &ifs, request.names.len()).into_iter();
    for name in &request.names {
        set(shell, name, fields.next().unwrap_or_default()).await?;
    }
    Ok(())
}

async fn set(shell: &mut Shell, name: &str, value: String) -> Result<(), crate::shell::Flow> {
    let (base, key) = match name.split_once('[') {
        Some((base, rest)) => {
            let subscript = rest.strip_suffix(']').unwrap_or(rest).to_owned();
            (base.to_owned(), shell.subscript(base, &subscript).await?)
        }
        None => (name.to_owned(), Key::Whole),
    };
    shell.assign_text(&base, key, value, false).await
}

/// Splits at IFS into at most `most` fields; the last one takes the rest of the line.
fn split(chars: &[(char, bool)], ifs: &str, most: usize) -> Vec<String> {
    let white = |i: usize| {
        chars
            .get(i)
            .is_some_and(|(c, q)| !q && ifs.contains(*c) && matches!(c, ' ' | '\t' | '\n'))
    };
    let delimiter = |i: usize| chars.get(i).is_some_and(|(c, q)| !q && ifs.contains(*c));
    let text = |from: usize, to: usize| -> String {
        chars
            .get(from..to)
            .unwrap_or_default()
            .iter()
            .map(|(c, _)| *c)
            .collect()
    };
    let mut fields = Vec::new();
    let mut i = 0;
    while white(i) {
        i += 1;
    }
    while i < chars.len() {
        if fields.len() + 1 == most {
            let mut end = chars.len();
            while end > i && white(end - 1) {
                end -= 1;
            }
            // One trailing delimiter that ends the only remaining field is dropped too.
            let inner = (i..end).filter(|j| delimiter(*j)).count();
            if inner == 1 && delimiter(end - 1) {
                end -= 1;
            }
            fields.push(text(i, end));
            break;
        }
        let start = i;
        while i < chars.len() && !delimiter(i) {
            i += 1;
        }
        fields.push(text(start, i));
        while white(i) {
            i += 1;
        }
        if delimiter(i) && !white(i) && (i == 0 || !white(i)) {
            i += 1;
            while white(i) {
                i += 1;
            }
        }
    }
    fields
}

pub(super) async fn mapfile(shell: &mut Shell, args: &[String]) -> Step {
    let mut strip = false;
    let mut delimiter = b'\n';
    let mut most = usize::MAX;
    let mut skip = 0usize;
    let mut origin = 0i64;
    let mut fd = 0u32;
    let mut keep = false;
    let mut callback = None;
    let mut quantum = 5000usize;
    let mut name = "MAPFILE".to_owned();
    let mut iter = args.iter();
    while let Some(arg) = iter.next() {
        let mut value = || iter.next().cloned().unwrap_or_default();
        match arg.as_str() {
            "-t" => strip = true,
            "-d" => delimiter = value().bytes().next().unwrap_or(0),
            "-n" => most = value().parse().unwrap_or(0),
            "-s" => skip = value().parse().unwrap_or(0),
            "-O" => {
                keep = true;
                origin = value().parse().unwrap_or(0);
            }
            "-u" => fd = value().parse().unwrap_or(0),
            "-C" => callback = Some(value()),
            "-c" => quantum = value().parse::<usize>().unwrap_or(5000).max(1),
            other => name = other.to_owned(),
        }
    }
    if most == 0 {
        most = usize::MAX;
    }
    let Some(input) = shell.fd(fd) else {
        shell.complain("mapfile: Bad file descriptor").await;
        return Ok(1);
    };
    let exec = shell.exec.clone();
    let mut map = std::collections::BTreeMap::new();
    let mut line: Vec<u8> = Vec::new();
    let mut seen = 0usize;
    let mut total = 0usize;
    // With a limit on lines, what follows them must stay in the input.
    let chunk = if most == usize::MAX { 65_536 } else { 1 };
    'read: loop {
        let bytes = match exec.read(&input, chunk).await {
            Ok(bytes) if !bytes.is_empty() => bytes,
            _ => break,
        };
        total += bytes.len();
        for b in bytes {
            line.push(b);
            if b == delimiter {
                store(&mut map, &mut line, (strip, skip, origin), &mut seen, delimiter);
                if map.len() >= most {
                    break 'read;
                }
            }
        }
        if total > crate::shell::MAX_TEXT {
            break;
        }
    }
    if !line.is_empty() && map.len() < most {
        store(&mut map, &mut line, (strip, skip, origin), &mut seen, delimiter);
    }
    if let Some(callback) = callback {
        let calls: Vec<(i64, String)> = map
            .iter()
            .enumerate()
            .filter(|(i, _)| (i + 1) % quantum == 0)
            .map(|(_, (k, v))| (*k, v.clone()))
            .collect();
        for (at, line) in calls {
            shell
                .eval(&format!("{callback} {at} {}", text::single_quote(&line)))
                .await?;
        }
    }
    if keep && let Some(Value::Indexed(old)) = shell.vars.get(&name).map(|v| v.value.clone()) {
        for (at, line) in old {
            map.entry(at).or_insert(line);
        }
    }
    if let Err(message) = shell.vars.set_value(&name, Value::Indexed(map)) {
        shell.complain(&message).await;
        return Ok(1);
    }
    Ok(0)
}

fn store(
    map: &mut std::collections::BTreeMap<i64, String>,
    line: &mut Vec<u8>,
    (strip, skip, origin): (bool, usize, i64),
    seen: &mut usize,
    delimiter: u8,
) {
    if strip && line.last() == Some(&delimiter) {
        line.pop();
    }
    if *seen >= skip {
        let at = origin + i64::try_from(map.len()).unwrap_or(i64::MAX - origin);
        map.insert(at, text::decode(line));
    }
    *seen += 1;
    line.clear();
}
