//! Functions that come with the environment (`export -f`).

use crate::shell::Shell;
use crate::syntax::Source;
use crate::syntax::ast::Kind;

/// Most functions taken from the environment.
const MAX_FUNCTIONS: usize = 1000;

/// The functions in an environment: name and definition.
pub(crate) fn exported_functions(env: &[(String, String)]) -> Vec<(String, String)> {
    env.iter()
        .filter_map(|(name, value)| {
            let name = name.strip_prefix("BASH_FUNC_")?.strip_suffix("%%")?;
            value.starts_with("() {").then(|| (name.to_owned(), value.clone()))
        })
        .take(MAX_FUNCTIONS)
        .collect()
}

impl Shell {
    /// Defines them. A text that is anything but the one definition is not run: it came from outside.
    pub async fn import_functions(&mut self, functions: Vec<(String, String)>) {
        for (name, text) in functions {
            let definition = format!("{name} {text}");
            let mut source = Source::new(definition, 1, false);
            let Ok(Some(list)) = source.next(None) else { continue };
            let [item] = list.items.as_slice() else { continue };
            let [command] = item.first.commands.as_slice() else {
                continue;
            };
            let plain = item.rest.is_empty() && !item.background && command.redirects.is_empty();
            let alone = matches!(source.next(None), Ok(None));
            if let Kind::Function { name: defined, .. } = &command.kind
                && plain
                && alone
                && *defined == name
                && self.list(&list).await.is_ok()
                && let Some(function) = self.functions.get(&name)
            {
                function.exported.set(true);
            }
        }
    }
}
