//! `{{ name }}` templates of the manifest.

use std::collections::BTreeMap;

/// Why a template cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A `{{` without its `}}`.
    #[error("`{{{{` without `}}}}` in `{0}`")]
    Unclosed(String),
    /// The application has no variable of this name.
    #[error("no application variable `{0}`")]
    Unknown(String),
}

/// Fills `{{ name }}` in `template` from `values`. Text outside of the braces is kept as it is.
///
/// # Errors
/// [`TemplateError`] for an unknown name or unclosed braces.
pub fn fill(template: &str, values: &BTreeMap<String, String>) -> Result<String, TemplateError> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, tail)) = rest.split_once("{{") {
        let (name, after) = tail
            .split_once("}}")
            .ok_or_else(|| TemplateError::Unclosed(template.to_owned()))?;
        let name = name.trim();
        out.push_str(before);
        out.push_str(
            values
                .get(name)
                .ok_or_else(|| TemplateError::Unknown(name.to_owned()))?,
        );
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> BTreeMap<String, String> {
        BTreeMap::from([("a".into(), "1".into()), ("b".into(), "{{ a }}".into())])
    }

    #[test]
    fn fills_names_and_keeps_the_rest() {
        assert_eq!(fill("x{{ a }}y{{a}}", &values()), Ok("x1y1".into()));
        assert_eq!(fill("plain } { text", &values()), Ok("plain } { text".into()));
    }

    #[test]
    fn values_are_not_templates() {
        assert_eq!(fill("{{ b }}", &values()), Ok("{{ a }}".into()));
    }

    #[test]
    fn refuses_unknown_names_and_unclosed_braces() {
        assert_eq!(fill("{{ c }}", &values()), Err(TemplateError::Unknown("c".into())));
        assert_eq!(fill("{{ a", &values()), Err(TemplateError::Unclosed("{{ a".into())));
    }
}
