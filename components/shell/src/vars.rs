//! Variables: scalars, arrays, attributes, and the dynamic scope of functions.

use std::collections::{BTreeMap, HashMap};

/// Most elements of an array index: bounds `a[999999999999]=x` loops to what bash also takes.
const MAX_INDEX: i64 = i64::MAX;

/// The value of a variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Value {
    /// Declared, not set.
    #[default]
    Unset,
    Scalar(String),
    Indexed(BTreeMap<i64, String>),
    Assoc(BTreeMap<String, String>),
}

/// A variable.
#[derive(Debug, Clone, Default)]
pub(crate) struct Var {
    pub value: Value,
    pub exported: bool,
    pub readonly: bool,
    pub integer: bool,
    pub lower: bool,
    pub upper: bool,
    pub nameref: bool,
}

impl Var {
    /// The value where a scalar is wanted.
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Unset => None,
            Value::Scalar(s) => Some(s),
            Value::Indexed(map) => map.get(&0).map(String::as_str),
            Value::Assoc(map) => map.get("0").map(String::as_str),
        }
    }

    /// All values, in order of their keys.
    pub fn values(&self) -> Vec<String> {
        match &self.value {
            Value::Unset => Vec::new(),
            Value::Scalar(s) => vec![s.clone()],
            Value::Indexed(map) => map.values().cloned().collect(),
            Value::Assoc(map) => map.values().cloned().collect(),
        }
    }

    /// All keys, in order.
    pub fn keys(&self) -> Vec<String> {
        match &self.value {
            Value::Unset => Vec::new(),
            Value::Scalar(_) => vec!["0".to_owned()],
            Value::Indexed(map) => map.keys().map(i64::to_string).collect(),
            Value::Assoc(map) => map.keys().cloned().collect(),
        }
    }

    fn fold(&self, value: String) -> String {
        if self.lower {
            value.to_lowercase()
        } else if self.upper {
            value.to_uppercase()
        } else {
            value
        }
    }
}

/// Where in a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Whole,
    Index(i64),
    Name(String),
}

/// All variables of a shell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vars {
    map: HashMap<String, Var>,
    /// For each running function: what its locals hide.
    frames: Vec<Vec<(String, Option<Var>)>>,
    /// Options to be restored when the function at a depth ends (`local -`).
    kept: Vec<(usize, crate::shell::Options)>,
}

impl Vars {
    /// Follows name references.
    pub fn resolve<'a>(&'a self, name: &'a str) -> &'a str {
        let mut name = name;
        for _ in 0..8 {
            match self.map.get(name) {
                Some(Var {
                    nameref: true,
                    value: Value::Scalar(target),
                    ..
                }) if !target.is_empty() => name = target,
                _ => break,
            }
        }
        name
    }

    pub fn get(&self, name: &str) -> Option<&Var> {
        self.map.get(self.resolve(name))
    }

    /// The variable itself, even if it is a reference.
    pub fn get_raw(&self, name: &str) -> Option<&Var> {
        self.map.get(name)
    }

    pub fn scalar(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Var::scalar)
    }

    /// The variable for changing attributes; made if missing.
    pub fn entry(&mut self, name: &str) -> &mut Var {
        self.map.entry(name.to_owned()).or_default()
    }

    /// Sets a value. The error is bash's message.
    pub fn set(&mut self, name: &str, key: Key, value: String, append: bool) -> Result<(), String> {
        let name = self.resolve(name).to_owned();
        let var = self.map.entry(name.clone()).or_default();
        if var.readonly {
            return Err(format!("{name}: readonly variable"));
        }
        let value = var.fold(value);
        let key = match (key, &var.value) {
            (Key::Whole, Value::Indexed(_)) => Key::Index(0),
            (Key::Whole, Value::Assoc(_)) => Key::Name("0".to_owned()),
            (key, _) => key,
        };
        let slot = match key {
            Key::Whole => {
                if !matches!(var.value, Value::Scalar(_)) {
                    var.value = Value::Scalar(String::new());
                }
                match &mut var.value {
                    Value::Scalar(s) => s,
                    _ => return Ok(()),
                }
            }
            Key::Index(mut i) => {
                match &mut var.value {
                    Value::Unset => var.value = Value::Indexed(BTreeMap::new()),
                    Value::Scalar(s) => {
                        let first = std::mem::take(s);
                        var.value = Value::Indexed(BTreeMap::from([(0, first)]));
                    }
                    _ => {}
                }
                match &mut var.value {
                    Value::Indexed(map) => {
                        if i < 0 {
                            i += map.keys().next_back().map_or(0, |k| k + 1);
                        }
                        if !(0..MAX_INDEX).contains(&i) {
                            return Err(format!("{name}[{i}]: bad array subscript"));
                        }
                        map.entry(i).or_default()
                    }
                    Value::Assoc(map) => map.entry(i.to_string()).or_default(),
                    _ => return Ok(()),
                }
            }
            Key::Name(k) => {
                if !matches!(var.value, Value::Assoc(_)) {
                    var.value = Value::Assoc(BTreeMap::new());
                }
                match &mut var.value {
                    Value::Assoc(map) => map.entry(k).or_default(),
                    _ => return Ok(()),
                }
            }
        };
        if append {
            slot.push_str(&value);
        } else {
            *slot = value;
        }
        Ok(())
    }

    pub fn set_scalar(&mut self, name: &str, value: impl Into<String>) -> Result<(), String> {
        self.set(name, Key::Whole, value.into(), false)
    }

    /// Sets the whole value, keeping the attributes.
    pub fn set_value(&mut self, name: &str, value: Value) -> Result<(), String> {
        let name = self.resolve(name).to_owned();
        let var = self.map.entry(name.clone()).or_default();
        if var.readonly {
            return Err(format!("{name}: readonly variable"));
        }
        var.value = value;
        Ok(())
    }

    /// Removes a variable, or an element.
    pub fn unset(&mut self, name: &str, key: &Key) -> Result<(), String> {
        let name = self.resolve(name).to_owned();
        let Some(var) = self.map.get_mut(&name) else {
            return Ok(());
        };
        if var.readonly {
            return Err(format!("{name}: cannot unset: readonly variable"));
        }
        match (key, &mut var.value) {
            (Key::Index(i), Value::Indexed(map)) => {
                let i = if *i < 0 {
                    i + map.keys().next_back().map_or(0, |k| k + 1)
                } else {
                    *i
                };
                map.remove(&i);
            }
            (Key::Name(k), Value::Assoc(map)) => {
                map.remove(k);
            }
            (Key::Index(i), Value::Assoc(map)) => {
                map.remove(&i.to_string());
            }
            _ => {
                // A local that is unset stays local (and hides the global) until its function ends.
                let local = self.frames.last().is_some_and(|f| f.iter().any(|(n, _)| *n == name));
                if local {
                    *var = Var::default();
                } else {
                    self.map.remove(&name);
                }
            }
        }
        Ok(())
    }

    /// A function begins.
    pub fn push_frame(&mut self) {
        self.frames.push(Vec::new());
    }

    /// `local -`: the options come back when the running function ends.
    pub fn keep_options(&mut self, options: crate::shell::Options) {
        let depth = self.frames.len();
        if self.kept.last().is_none_or(|(d, _)| *d != depth) {
            self.kept.push((depth, options));
        }
    }

    /// The options that the function that ends now had kept.
    pub fn kept_options(&mut self) -> Option<crate::shell::Options> {
        let depth = self.frames.len();
        self.kept.pop_if(|(d, _)| *d >= depth).map(|(_, options)| options)
    }

    /// A function ends: its locals go, what they hid comes back.
    pub fn pop_frame(&mut self) {
        for (name, old) in self.frames.pop().unwrap_or_default().into_iter().rev() {
            match old {
                Some(var) => self.map.insert(name, var),
                None => self.map.remove(&name),
            };
        }
    }

    /// Whether a function is running.
    pub fn in_function(&self) -> bool {
        !self.frames.is_empty()
    }

    /// Makes a name local to the running function. True if it became so only now.
    pub fn localize(&mut self, name: &str) -> bool {
        let Some(frame) = self.frames.last_mut() else {
            return false;
        };
        if frame.iter().any(|(n, _)| n == name) {
            return false;
        }
        let old = self.map.remove(name);
        let exported = old.as_ref().is_some_and(|v| v.exported);
        frame.push((name.to_owned(), old));
        self.map.insert(
            name.to_owned(),
            Var {
                exported,
                ..Var::default()
            },
        );
        true
    }

    /// Whether the running function has this local.
    pub fn is_local(&self, name: &str) -> bool {
        self.frames.last().is_some_and(|f| f.iter().any(|(n, _)| n == name))
    }

    /// Names in order.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.map.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// What children inherit.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut env: Vec<(String, String)> = self
            .map
            .iter()
            .filter(|(_, v)| v.exported)
            .filter_map(|(name, v)| match &v.value {
                Value::Scalar(value) => Some((name.clone(), value.clone())),
                _ => None,
            })
            .collect();
        env.sort_unstable();
        env
    }
}
