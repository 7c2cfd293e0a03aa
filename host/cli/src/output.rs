//! Tables for people, JSON for programs.

use crate::client::CliError;
use comfy_table::{Table, presets};
use serde_json::Value;
use std::io::Write;

/// A column: its heading, and how a value of it is read from an object.
pub type Column = (&'static str, fn(&Value) -> String);

/// Where and how results are written.
pub struct Output<'a> {
    json: bool,
    to: &'a mut dyn Write,
}

impl<'a> Output<'a> {
    /// Writes to `to`, as JSON if wished.
    pub fn new(json: bool, to: &'a mut dyn Write) -> Self {
        Self { json, to }
    }

    /// Objects, a line each.
    ///
    /// # Errors
    /// [`CliError::File`] if nobody takes the output.
    pub fn list(&mut self, objects: &Value, columns: &[Column]) -> Result<(), CliError> {
        if self.json {
            return self.raw(objects);
        }
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_header(columns.iter().map(|(heading, _)| *heading));
        for object in objects.as_array().map(Vec::as_slice).unwrap_or_default() {
            table.add_row(columns.iter().map(|(_, read)| read(object)));
        }
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        self.line(&lines.join("\n"))
    }

    /// One object: its fields, those without a value left out.
    ///
    /// # Errors
    /// As [`Output::list`].
    pub fn show(&mut self, object: &Value) -> Result<(), CliError> {
        if self.json {
            return self.raw(object);
        }
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        for (name, value) in object.as_object().into_iter().flatten() {
            let text = cell(value);
            if !text.is_empty() {
                table.add_row([name.clone(), text]);
            }
        }
        let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        self.line(&lines.join("\n"))
    }

    /// A sentence for people, an object for programs.
    ///
    /// # Errors
    /// As [`Output::list`].
    pub fn done(&mut self, sentence: &str, object: &Value) -> Result<(), CliError> {
        if self.json {
            self.raw(object)
        } else {
            self.line(sentence)
        }
    }

    /// What to do next, for people only.
    ///
    /// # Errors
    /// As [`Output::list`].
    pub fn hint(&mut self, sentence: &str) -> Result<(), CliError> {
        if self.json { Ok(()) } else { self.line(sentence) }
    }

    /// Bytes as they are.
    ///
    /// # Errors
    /// As [`Output::list`].
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        self.to.write_all(bytes).map_err(written)
    }

    /// Whether programs read this.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.json
    }

    fn raw(&mut self, value: &Value) -> Result<(), CliError> {
        self.line(&value.to_string())
    }

    fn line(&mut self, text: &str) -> Result<(), CliError> {
        writeln!(self.to, "{text}").map_err(written)
    }
}

fn written(error: std::io::Error) -> CliError {
    CliError::File {
        path: "standard output".to_owned(),
        error,
    }
}

/// A value in a table: texts without what could steer a terminal.
#[must_use]
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.chars().filter(|c| !c.is_control()).collect(),
        // Whole for people: nobody places a sandbox by a thousandth of a GiB.
        Value::Number(number) if number.is_f64() => {
            let text = format!("{:.2}", number.as_f64().unwrap_or_default());
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Value::Array(all) if all.iter().all(|one| !one.is_object()) => {
            all.iter().map(cell).collect::<Vec<_>>().join(", ")
        }
        Value::Object(pairs) if pairs.values().all(|one| !one.is_object() && !one.is_array()) => pairs
            .iter()
            .map(|(name, one)| format!("{name}={}", cell(one)))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn written(json: bool, write: impl Fn(&mut Output<'_>) -> Result<(), CliError>) -> String {
        let mut bytes = Vec::new();
        write(&mut Output::new(json, &mut bytes)).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    const COLUMNS: &[Column] = &[("NAME", |o| cell(&o["name"])), ("ID", |o| cell(&o["id"]))];

    #[test]
    fn people_get_columns_and_programs_get_json() {
        let two = json!([{"name": "a", "id": 1}, {"name": "long name", "id": 22}]);
        let table = written(false, |out| out.list(&two, COLUMNS));
        let lines: Vec<Vec<&str>> = table
            .lines()
            .map(|line| {
                line.split("  ")
                    .map(str::trim)
                    .filter(|word| !word.is_empty())
                    .collect()
            })
            .collect();
        assert_eq!(
            lines,
            [vec!["NAME", "ID"], vec!["a", "1"], vec!["long name", "22"]],
            "{table}"
        );
        assert_eq!(written(true, |out| out.list(&two, COLUMNS)), format!("{two}\n"));
    }

    #[test]
    fn names_cannot_steer_a_terminal() {
        let hostile = json!([{"name": "\u{1b}[31mred\u{7}\n", "id": 1}]);
        assert!(!written(false, |out| out.list(&hostile, COLUMNS)).contains('\u{1b}'));
    }
}
