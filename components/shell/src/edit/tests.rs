//! Key sequences in, lines and screens out.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Editor, Event, MAX_LINE, width};
use crate::history::History;

fn editor_with(prompt: &str, entries: &[&str], columns: usize) -> Editor {
    let mut history = History::default();
    for entry in entries {
        history.add(entry, "");
    }
    Editor::new(prompt, Rc::new(RefCell::new(history)), columns, 24)
}

/// Feeds keys until a line is complete.
fn line_of(entries: &[&str], keys: &str) -> String {
    let mut editor = editor_with("$ ", entries, 80);
    for byte in keys.bytes() {
        if let Some(Event::Line(line)) = editor.feed(byte) {
            return line;
        }
    }
    panic!("no line from {keys:?}");
}

/// A terminal of the tests: what the bytes would show.
struct Terminal {
    cells: Vec<Vec<char>>,
    row: usize,
    column: usize,
    columns: usize,
    wrap: bool,
}

impl Terminal {
    fn new(columns: usize) -> Self {
        Self {
            cells: vec![Vec::new()],
            row: 0,
            column: 0,
            columns,
            wrap: false,
        }
    }

    fn write(&mut self, text: &str) {
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\r' => {
                    self.column = 0;
                    self.wrap = false;
                }
                // The line discipline adds the carriage return.
                '\n' => {
                    self.down(1);
                    self.column = 0;
                }
                '\u{7}' => {}
                '\u{1b}' => {
                    assert_eq!(chars.next(), Some('['), "only CSI sequences");
                    let mut digits = String::new();
                    let last = loop {
                        let c = chars.next().expect("a whole sequence");
                        if c.is_ascii_alphabetic() {
                            break c;
                        }
                        digits.push(c);
                    };
                    let n = digits.parse::<usize>().unwrap_or(1);
                    self.wrap = false;
                    match last {
                        'A' => self.row = self.row.checked_sub(n).expect("never above the top"),
                        'B' => self.down(n),
                        'C' => self.column = (self.column + n).min(self.columns - 1),
                        'J' if digits.is_empty() => {
                            self.cells.truncate(self.row + 1);
                            let column = self.column;
                            self.cells[self.row].truncate(column);
                        }
                        'J' => {
                            self.cells = vec![Vec::new()];
                            self.row = 0;
                        }
                        'H' => {
                            self.row = 0;
                            self.column = 0;
                        }
                        'm' => {}
                        other => panic!("unknown sequence {other}"),
                    }
                }
                c => self.put(c),
            }
        }
    }

    fn down(&mut self, n: usize) {
        self.row += n;
        self.wrap = false;
        while self.cells.len() <= self.row {
            self.cells.push(Vec::new());
        }
    }

    fn put(&mut self, c: char) {
        let w = width(c);
        if self.wrap || self.column + w > self.columns {
            self.down(1);
            self.column = 0;
        }
        let row = &mut self.cells[self.row];
        while row.len() < self.column + w {
            row.push(' ');
        }
        row[self.column] = c;
        if w == 2 {
            row[self.column + 1] = '\u{0}';
        }
        self.column += w;
        if self.column >= self.columns {
            self.column = self.columns - 1;
            self.wrap = true;
        }
    }

    fn rows(&self) -> Vec<String> {
        self.cells
            .iter()
            .map(|r| {
                r.iter()
                    .filter(|c| **c != '\u{0}')
                    .collect::<String>()
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }
}

/// The screen after keys, drawn after each byte, and where the cursor is.
fn screen_of(prompt: &str, entries: &[&str], columns: usize, keys: &str) -> (Vec<String>, usize, usize) {
    let mut editor = editor_with(prompt, entries, columns);
    let mut terminal = Terminal::new(columns);
    terminal.write(&editor.output());
    for byte in keys.bytes() {
        editor.feed(byte);
        terminal.write(&editor.output());
    }
    (terminal.rows(), terminal.row, terminal.column)
}

#[test]
fn plain_typing_and_moving() {
    for (keys, line) in [
        ("abc\r", "abc"),
        ("abc\x01x\r", "xabc"),
        ("abc\x01x\x05y\r", "xabcy"),
        ("abc\x1b[Dx\r", "abxc"),
        ("abc\x1b[D\x1b[D\x1b[Cx\r", "abxc"),
        ("abc\x1b[Hx\x1b[Fy\r", "xabcy"),
        ("abc\x1b[1~x\x1b[4~y\r", "xabcy"),
        ("abc\x1bOHx\x1bOFy\r", "xabcy"),
        ("abc\x02\x02x\x06y\r", "axbyc"),
        ("one two\x1bbX\x1bbY\r", "one YXtwo"),
        ("one two\x01\x1bfX\r", "oneX two"),
        ("one two\x1b[1;5DX\r", "one Xtwo"),
        ("one two\x01\x1b[1;5CX\r", "oneX two"),
        ("äöü\x1b[Dx\r", "äöxü"),
    ] {
        assert_eq!(line_of(&[], keys), line, "keys {keys:?}");
    }
}

#[test]
fn deleting_cutting_and_inserting() {
    for (keys, line) in [
        ("abc\x7f\r", "ab"),
        ("abc\x08\x08\r", "a"),
        ("abc\x01\x1b[3~\r", "bc"),
        ("abc\x01\x04\r", "bc"),
        ("one two three\x17\r", "one two "),
        ("one two three\x17\x17\x19\r", "one two three"),
        ("one two\x01\x0b\x19\x19\r", "one twoone two"),
        ("one two\x1bb\x15\r", "two"),
        ("one two\x01\x1bd\r", " two"),
        ("one two\x1b\x7f\r", "one "),
        ("ab\x14\r", "ba"),
        ("abc\x1fx\r", "x"),
        ("word\x01\x1bu\r", "WORD"),
        ("WORD two\x01\x1bl\x1bc\r", "word Two"),
        ("日本\x7f\r", "日"),
    ] {
        assert_eq!(line_of(&[], keys), line, "keys {keys:?}");
    }
}

#[test]
fn history_and_search() {
    let entries = ["first", "second one", "third"];
    for (keys, line) in [
        ("\x1b[A\r", "third"),
        ("\x1b[A\x1b[A\r", "second one"),
        ("\x10\x10\x0e\r", "third"),
        ("draft\x1b[A\x1b[B\r", "draft"),
        ("\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\r", "first"),
        ("\x1b<\r", "first"),
        ("\x12sec\r", "second one"),
        ("\x12i\x12\r", "first"),
        ("\x12i\x12\x13\r", "third"),
        ("typed\x12sec\x07\r", "typed"),
        ("\x12sec\x05!\r", "second one!"),
        ("\x12nothere\x07\r", ""),
        ("x \x1b.\r", "x third"),
    ] {
        assert_eq!(line_of(&entries, keys), line, "keys {keys:?}");
    }
}

#[test]
fn ends_and_interrupts() {
    let last = |keys: &str| {
        keys.bytes()
            .scan(editor_with("", &[], 80), |e, b| Some(e.feed(b)))
            .last()
            .flatten()
    };
    assert_eq!(last("\x04"), Some(Event::End));
    assert_eq!(last("x\x04"), None);
    assert_eq!(last("abc\x03"), Some(Event::Interrupt));
    assert_eq!(last("a\t"), Some(Event::Complete(false)));
    assert_eq!(last("a\t\t"), Some(Event::Complete(true)));
    assert_eq!(last("a\n"), Some(Event::Line("a".to_owned())));
}

#[test]
fn a_paste_is_text_and_no_command() {
    assert_eq!(
        line_of(&[], "\x1b[200~echo a\necho b\r\nx\x03\x04\x1b[201~\r"),
        "echo a\necho b\nx\x03\x04"
    );
    assert_eq!(line_of(&[], "a\x1b[200~b\x1b[A\x1b[201~c\r"), "ab\x1b[Ac");
}

#[test]
fn the_screen_shows_the_line() {
    assert_eq!(screen_of("$ ", &[], 20, "abc"), (vec!["$ abc".to_owned()], 0, 5));
    assert_eq!(screen_of("$ ", &[], 20, "abc\x01"), (vec!["$ abc".to_owned()], 0, 2));
    assert_eq!(screen_of("$ ", &[], 20, "abc\x01\x0b"), (vec!["$".to_owned()], 0, 2));
    // Wider than the window: it goes on below, and the cursor with it.
    let (rows, row, column) = screen_of("$ ", &[], 10, "abcdefghijkl");
    assert_eq!(
        (rows, row, column),
        (vec!["$ abcdefgh".to_owned(), "ijkl".to_owned()], 1, 4)
    );
    let (rows, row, column) = screen_of("$ ", &[], 10, "abcdefgh");
    assert_eq!((rows[0].as_str(), row, column), ("$ abcdefgh", 1, 0));
    let (_, row, column) = screen_of("$ ", &[], 10, "abcdefghijkl\x01");
    assert_eq!((row, column), (0, 2));
    let (rows, ..) = screen_of("$ ", &[], 10, "abcdefghijkl\x01\x0b");
    assert_eq!(rows.first().map(String::as_str), Some("$"));
    // Wide characters take two columns and are never torn.
    let (rows, row, column) = screen_of("$ ", &[], 9, "日本語字x");
    assert_eq!(
        (rows, row, column),
        (vec!["$ 日本語".to_owned(), "字x".to_owned()], 1, 3)
    );
    // Control characters are shown, not sent.
    assert_eq!(
        screen_of("", &[], 20, "\x1b[200~a\x1bb\x07\x1b[201~").0,
        vec!["a^[b^G".to_owned()]
    );
    // Lines of a multi-line entry stand below each other.
    let (rows, row, column) = screen_of("$ ", &["for x\ndo y"], 20, "\x1b[A");
    assert_eq!(
        (rows, row, column),
        (vec!["$ for x".to_owned(), "do y".to_owned()], 1, 4)
    );
}

#[test]
fn colours_of_the_prompt_take_no_room() {
    let prompt = "\u{1}\x1b[31m\u{2}$\u{1}\x1b[0m\u{2} ";
    assert_eq!(screen_of(prompt, &[], 20, "ab"), (vec!["$ ab".to_owned()], 0, 4));
    assert_eq!(screen_of("\x1b[1m$\x1b[0m ", &[], 20, "ab\x01").2, 2);
    assert_eq!(
        screen_of("one\ntwo> ", &[], 20, "ab\x01").0,
        vec!["one".to_owned(), "two> ab".to_owned()]
    );
}

#[test]
fn a_search_is_shown() {
    let (rows, ..) = screen_of("$ ", &["make test", "ls"], 60, "\x12ma");
    assert_eq!(rows, vec!["(reverse-i-search)`ma': make test".to_owned()]);
    let (rows, ..) = screen_of("$ ", &["ls"], 60, "\x12zz");
    assert_eq!(rows, vec!["(failed reverse-i-search)`zz':".to_owned()]);
}

#[test]
fn a_new_width_is_drawn_anew() {
    let mut editor = editor_with("$ ", &[], 40);
    for byte in "abcdefghijkl".bytes() {
        editor.feed(byte);
    }
    editor.output();
    editor.resize(10, 24);
    let mut terminal = Terminal::new(10);
    terminal.write(&editor.output());
    assert_eq!(terminal.rows(), ["$ abcdefgh", "ijkl"]);
}

#[test]
fn a_line_taller_than_the_window_shows_the_part_around_the_cursor() {
    let mut editor = Editor::new("$ ", Rc::default(), 10, 4);
    for byte in "x".repeat(200).bytes() {
        editor.feed(byte);
    }
    let mut terminal = Terminal::new(10);
    terminal.write(&editor.output());
    assert!(terminal.rows().len() <= 4, "{:?}", terminal.rows());
    editor.feed(1);
    terminal.write(&editor.output());
    assert_eq!(terminal.rows()[0], "$ xxxxxxxx");
}

#[test]
fn a_line_of_a_mebibyte_is_taken_and_no_more() {
    let mut editor = editor_with("$ ", &[], 80);
    for _ in 0..MAX_LINE + 1000 {
        editor.feed(b'x');
    }
    let drawn = editor.output();
    assert!(
        drawn.len() < 2 * MAX_LINE + 4096,
        "{} bytes for one drawing",
        drawn.len()
    );
    match editor.feed(b'\r') {
        Some(Event::Line(line)) => assert_eq!(line.len(), MAX_LINE),
        other => panic!("{other:?}"),
    }
}

#[test]
fn hostile_bytes_neither_panic_nor_reach_the_screen() {
    // xorshift; the seed is fixed, so that a failure repeats.
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    for round in 0..300 {
        let columns = 2 + round % 40;
        let mut editor = editor_with("\x1b[", &["entry", "äö日本"], columns);
        for _ in 0..400 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let byte = match state % 5 {
                0 => 0x1b,
                1 => b'[',
                2 => (state >> 8) as u8 % 32,
                _ => (state >> 8) as u8,
            };
            editor.feed(byte);
            let drawn = editor.output();
            assert!(drawn.len() < 64 << 10, "{} bytes", drawn.len());
            assert!(!drawn.contains('\0') && !drawn.contains("\x1b]"), "{drawn:?}");
        }
    }
    // Broken UTF-8 does not swallow the keys that follow it.
    let mut editor = editor_with("", &[], 80);
    let mut event = None;
    for byte in *b"a\xc3\xff\xe2\x82b\xf0\x9f\r" {
        event = editor.feed(byte).or(event);
    }
    assert!(matches!(&event, Some(Event::Line(line)) if line.starts_with('a') && line.contains('b')));
    // A sequence without end is dropped.
    let mut editor = editor_with("", &[], 80);
    for byte in format!("\x1b[{}zok\r", "1;".repeat(1000)).bytes() {
        event = editor.feed(byte);
    }
    assert!(matches!(&event, Some(Event::Line(line)) if line.ends_with("ok")));
}
