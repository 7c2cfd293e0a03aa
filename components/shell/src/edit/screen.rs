//! Where the characters of a prompt and a line stand on the screen, and the bytes that draw them.

use std::fmt::Write;

/// Begins and ends a part of a prompt that takes no room, as `\[` and `\]` do.
pub(crate) const HIDDEN: (char, char) = ('\u{1}', '\u{2}');

/// How many columns a character takes.
pub(crate) fn width(c: char) -> usize {
    match u32::from(c) {
        // Combining marks, joiners and variation selectors stand on the character before.
        0x300..=0x36F
        | 0x483..=0x489
        | 0x591..=0x5BD
        | 0x610..=0x61A
        | 0x64B..=0x65F
        | 0x200B..=0x200F
        | 0x202A..=0x202E
        | 0x2060..=0x2064
        | 0x20D0..=0x20F0
        | 0xFE00..=0xFE0F
        | 0xFE20..=0xFE2F
        | 0xFEFF
        | 0xE0100..=0xE01EF => 0,
        0x1100..=0x115F
        | 0x231A..=0x231B
        | 0x2329..=0x232A
        | 0x23E9..=0x23EC
        | 0x25FD..=0x25FE
        | 0x2614..=0x2615
        | 0x2648..=0x2653
        | 0x26CE
        | 0x2705
        | 0x270A..=0x270B
        | 0x2728
        | 0x274C
        | 0x2795..=0x2797
        | 0x2B1B..=0x2B1C
        | 0x2B50
        | 0x2E80..=0x303E
        | 0x3041..=0x33FF
        | 0x3400..=0x4DBF
        | 0x4E00..=0xA4CF
        | 0xA960..=0xA97F
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F004
        | 0x1F0CF
        | 0x1F18E..=0x1F19A
        | 0x1F200..=0x1F2FF
        | 0x1F300..=0x1F64F
        | 0x1F680..=0x1F6FF
        | 0x1F7E0..=0x1F7EB
        | 0x1F900..=0x1F9FF
        | 0x1FA70..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

/// What is written for a character of the line, and its width: control characters as `^X`, stray bytes as `�`.
fn shown(c: char, out: &mut String) -> usize {
    let code = u32::from(c);
    if code < 0x20 || code == 0x7f {
        out.push('^');
        out.push(char::from_u32(code ^ 0x40).unwrap_or('?'));
        2
    } else if (0x80..0xA0).contains(&code) || crate::text::is_stray(c) {
        out.push('\u{FFFD}');
        1
    } else {
        out.push(c);
        width(c)
    }
}

/// The text of each row, and where the cursor is.
struct Layout {
    rows: Vec<String>,
    row: usize,
    column: usize,
    end_column: usize,
}

struct Builder {
    rows: Vec<String>,
    column: usize,
    columns: usize,
}

impl Builder {
    fn put(&mut self, text: &str, width: usize) {
        if self.column + width > self.columns {
            self.new_row();
        }
        if let Some(row) = self.rows.last_mut() {
            row.push_str(text);
        }
        self.column += width;
    }

    fn new_row(&mut self) {
        self.rows.push(String::new());
        self.column = 0;
    }

    /// Where the next character will stand.
    fn place(&mut self) -> (usize, usize) {
        if self.column >= self.columns {
            self.new_row();
        }
        (self.rows.len() - 1, self.column)
    }

    fn prompt(&mut self, prompt: &str) {
        let mut chars = prompt.chars();
        let mut hidden = false;
        while let Some(c) = chars.next() {
            match c {
                c if c == HIDDEN.0 => hidden = true,
                c if c == HIDDEN.1 => hidden = false,
                '\n' if !hidden => self.new_row(),
                // A colour that nobody marked takes no room either.
                '\u{1b}' if !hidden => {
                    let mut sequence = String::from(c);
                    for c in chars.by_ref().take(MAX_ESCAPE) {
                        sequence.push(c);
                        if c.is_ascii_alphabetic() || c == '\u{7}' {
                            break;
                        }
                    }
                    self.put(&sequence, 0);
                }
                c if hidden => self.put(c.encode_utf8(&mut [0; 4]), 0),
                c => {
                    let mut text = String::new();
                    let width = shown(c, &mut text);
                    self.put(&text, width);
                }
            }
        }
    }
}

/// Longest escape sequence of a prompt that is not marked as hidden.
const MAX_ESCAPE: usize = 64;

fn layout(prompt: &str, line: &[char], cursor: usize, columns: usize) -> Layout {
    let mut builder = Builder {
        rows: vec![String::new()],
        column: 0,
        columns: columns.max(2),
    };
    builder.prompt(prompt);
    let mut place = builder.place();
    let mut text = String::new();
    for (i, c) in line.iter().enumerate() {
        if i == cursor {
            place = builder.place();
        }
        if *c == '\n' {
            builder.new_row();
            continue;
        }
        text.clear();
        let width = shown(*c, &mut text);
        builder.put(&text, width);
    }
    let end = builder.place();
    if cursor >= line.len() {
        place = end;
    }
    Layout {
        rows: builder.rows,
        row: place.0,
        column: place.1,
        end_column: end.1,
    }
}

/// What is drawn now.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    pub columns: usize,
    pub lines: usize,
    /// The cursor's row below the first row that is drawn.
    row: usize,
    /// Rows drawn below the cursor's.
    below: usize,
    column: usize,
    /// Something is drawn already.
    drawn: bool,
}

impl Screen {
    pub fn new(columns: usize, lines: usize) -> Self {
        Self {
            columns,
            lines,
            ..Self::default()
        }
    }

    /// Draws prompt and line anew, over what was drawn before. A line taller than the window shows the part around the
    /// cursor.
    pub fn draw(&mut self, prompt: &str, line: &[char], cursor: usize, out: &mut String) {
        let layout = layout(prompt, line, cursor, self.columns);
        let most = self.lines.max(1);
        let first = (layout.row + 1).saturating_sub(most);
        let last = layout.rows.len().min(first + most);
        if self.drawn {
            up(out, self.row);
            out.push_str("\r\x1b[J");
        }
        self.drawn = true;
        for (i, row) in layout.rows.get(first..last).unwrap_or_default().iter().enumerate() {
            if i > 0 {
                out.push('\n');
            }
            out.push_str(row);
        }
        self.row = layout.row - first;
        self.below = last - 1 - layout.row;
        self.column = layout.column;
        up(out, self.below);
        let at_end = self.below == 0 && layout.end_column == layout.column && cursor >= line.len();
        if !at_end || layout.column == 0 {
            out.push('\r');
            if layout.column > 0 {
                let _ = write!(out, "\x1b[{}C", layout.column);
            }
        }
    }

    /// Draws one more character at the end of the line, if that needs nothing but the character.
    pub fn append(&mut self, c: char, out: &mut String) -> bool {
        let w = width(c);
        let plain = !c.is_control() && !crate::text::is_stray(c) && w > 0;
        if !plain || self.below > 0 || self.column + w >= self.columns {
            return false;
        }
        out.push(c);
        self.column += w;
        true
    }

    /// Moves below the line: what follows starts on a fresh row.
    pub fn leave(&mut self, out: &mut String) {
        if self.below > 0 {
            let _ = write!(out, "\x1b[{}B", self.below);
        }
        out.push('\n');
        self.drawn = false;
        self.row = 0;
        self.below = 0;
        self.column = 0;
    }

    /// Clears the whole screen.
    pub fn clear(&mut self, out: &mut String) {
        out.push_str("\x1b[H\x1b[2J");
        self.drawn = false;
        self.row = 0;
        self.below = 0;
    }
}

fn up(out: &mut String, rows: usize) {
    if rows > 0 {
        let _ = write!(out, "\x1b[{rows}A");
    }
}
