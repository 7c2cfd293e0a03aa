//! Assignments.

use std::collections::BTreeMap;

use crate::shell::{Flow, Shell};
use crate::syntax::ast::{Assign, AssignValue, Word};
use crate::vars::{Key, Value};

impl Shell {
    /// Carries out an assignment.
    pub async fn assign(&mut self, assign: &Assign) -> Result<(), Flow> {
        match &assign.value {
            AssignValue::Scalar(word) => {
                let text = self.expand_text(word).await?;
                let key = match &assign.index {
                    None => Key::Whole,
                    Some(word) => {
                        let subscript = self.expand_text(word).await?;
                        self.subscript(&assign.name, &subscript).await?
                    }
                };
                self.assign_text(&assign.name, key, text, assign.append).await
            }
            AssignValue::Array(elements) => self.assign_array(&assign.name, elements, assign.append).await,
        }
    }

    /// Sets a variable to text, minding its attributes.
    pub async fn assign_text(&mut self, name: &str, key: Key, text: String, append: bool) -> Result<(), Flow> {
        let integer = self.vars.get(name).is_some_and(|v| v.integer);
        let mut text = text;
        let mut append = append;
        if integer {
            let mut value = self.arith_text(&text).await?;
            if append {
                let old = match &key {
                    Key::Whole => self.parameter(name),
                    key => self.element(name, key),
                };
                let old = self.arith_text(&old.unwrap_or_default()).await?;
                value = value.wrapping_add(old);
                append = false;
            }
            text = value.to_string();
        }
        if append && self.vars.scalar(name).map_or(0, str::len) + text.len() > crate::shell::MAX_TEXT {
            self.complain(&format!("{name}: value too long")).await;
            return Err(Flow::Discard(1));
        }
        match name {
            "RANDOM" => {
                self.random = text.parse::<u64>().unwrap_or(0).wrapping_mul(0x9E37_79B9) | 1;
                return Ok(());
            }
            "SECONDS" => {
                self.seconds = text.parse().unwrap_or(0);
                self.started = self.os().monotonic();
                return Ok(());
            }
            "OPTIND" => {
                self.getopts_offset = 0;
            }
            _ => {}
        }
        // A reference may be to an element.
        if key == Key::Whole
            && let Some((base, subscript)) = self.element_reference(name)
        {
            let key = self.subscript(&base, &subscript).await?;
            let result = self.vars.set(&base, key, text, append);
            return self.after_assignment(&base, result).await;
        }
        let result = self.vars.set(name, key, text, append);
        self.after_assignment(name, result).await
    }

    async fn after_assignment(&mut self, name: &str, result: Result<(), String>) -> Result<(), Flow> {
        match result {
            Ok(()) => {
                if self.options.allexport {
                    let name = self.vars.resolve(name).to_owned();
                    self.vars.entry(&name).exported = true;
                }
                Ok(())
            }
            Err(message) => {
                self.complain(&message).await;
                Err(Flow::Discard(1))
            }
        }
    }

    async fn assign_array(&mut self, name: &str, elements: &[(Option<Word>, Word)], append: bool) -> Result<(), Flow> {
        let old = self.vars.get(name).map(|v| v.value.clone()).unwrap_or_default();
        let value = if matches!(old, Value::Assoc(_)) {
            let mut map = match old {
                Value::Assoc(map) if append => map,
                _ => BTreeMap::new(),
            };
            let mut loose = Vec::new();
            for (key, value) in elements {
                match key {
                    Some(key) => {
                        let key = self.expand_text(key).await?;
                        map.insert(key, self.expand_text(value).await?);
                    }
                    None => self.expand_word(value, &mut loose).await?,
                }
            }
            for pair in loose.chunks(2) {
                if let Some(key) = pair.first() {
                    map.insert(key.clone(), pair.get(1).cloned().unwrap_or_default());
                }
            }
            Value::Assoc(map)
        } else {
            let mut map = match old {
                Value::Indexed(map) if append => map,
                Value::Scalar(s) if append => BTreeMap::from([(0, s)]),
                _ => BTreeMap::new(),
            };
            let mut next = map.keys().next_back().map_or(0, |k| k + 1);
            for (key, value) in elements {
                match key {
                    Some(key) => {
                        let at = self.arith_value(key).await?;
                        if at < 0 {
                            self.complain(&format!("[{at}]: bad array subscript")).await;
                            continue;
                        }
                        map.insert(at, self.expand_text(value).await?);
                        next = at.saturating_add(1);
                    }
                    None => {
                        let mut fields = Vec::new();
                        self.expand_word(value, &mut fields).await?;
                        for field in fields {
                            map.insert(next, field);
                            next = next.saturating_add(1);
                        }
                    }
                }
            }
            Value::Indexed(map)
        };
        let result = self.vars.set_value(name, value);
        self.after_assignment(name, result).await
    }
}
