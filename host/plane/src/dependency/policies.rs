//! Schedulers that the operator brought, each by the name of a policy.
//!
//! A call of `place` whose request asks for such a name goes to that component, in a store of its own with a deadline and
//! a limit on memory. If it traps, dawdles, or chooses a runner that it was not offered, the usual provider answers and a
//! counter tells.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wasmtime::component::Val;
use wasmtime::component::types::ComponentFunc;

use super::Provider;
use super::provider::CallError;
use crate::metrics::{Counter, Metrics};

/// The one interface whose calls name policies.
pub const PLACEMENT: &str = "sandbar:scheduler/placement@0.1.0";
/// And the one function.
const PLACE: &str = "place";

/// One brought component, and how it fares.
struct Policy {
    provider: Arc<Provider>,
    calls: Counter,
    trapped: Counter,
    late: Counter,
    foreign: Counter,
}

/// All of them, by name.
#[derive(Default)]
pub struct Policies(BTreeMap<String, Policy>);

impl Policies {
    /// Of these providers.
    #[must_use]
    pub fn new(providers: BTreeMap<String, Arc<Provider>>, metrics: &Metrics) -> Self {
        let policy = |(name, provider): (String, Arc<Provider>)| {
            let fell = |reason| {
                let labels = [("policy", name.as_str()), ("reason", reason)];
                metrics.counter("sandbar_policy_fallbacks_total", &labels)
            };
            let policy = Policy {
                provider,
                calls: metrics.counter("sandbar_policy_calls_total", &[("policy", name.as_str())]),
                trapped: fell("trap"),
                late: fell("deadline"),
                foreign: fell("foreign_runner"),
            };
            (name, policy)
        };
        Self(providers.into_iter().map(policy).collect())
    }

    /// Whether each has what is imported.
    ///
    /// # Errors
    /// In words.
    pub fn check(&self, wanted: &BTreeMap<String, ComponentFunc>) -> Result<(), String> {
        self.0.values().try_for_each(|policy| policy.provider.check(wanted))
    }

    /// The answer of the policy that this call asks for; none if it asks for none of these, or it gave no good one.
    pub async fn answer(&self, function: &str, parameters: &[Val]) -> Option<Vec<Val>> {
        let [request, candidates] = parameters else { return None };
        if function != PLACE || self.0.is_empty() {
            return None;
        }
        let Some(Val::String(name)) = field(request, "policy") else {
            return None;
        };
        let policy = self.0.get(name)?;
        policy.calls.add(1);
        match policy.provider.call(function, parameters).await {
            Ok(values) if is_among(&values, request, candidates) => Some(values),
            Ok(_) => {
                policy.foreign.add(1);
                tracing::warn!(
                    policy = name,
                    "a brought scheduler chose a runner that it was not offered"
                );
                None
            }
            Err(error) => {
                match error {
                    CallError::Late(_) => policy.late.add(1),
                    CallError::Trap(_) | CallError::Missing(_) => policy.trapped.add(1),
                }
                tracing::warn!(policy = name, %error, "a brought scheduler gave no answer");
                None
            }
        }
    }
}

fn field<'a>(record: &'a Val, name: &str) -> Option<&'a Val> {
    let Val::Record(fields) = record else { return None };
    fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
}

fn strings(list: Option<&Val>) -> BTreeSet<&str> {
    let Some(Val::List(values)) = list else {
        return BTreeSet::new();
    };
    values
        .iter()
        .filter_map(|value| match value {
            Val::String(text) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// Whether the answer is a refusal, or names a candidate that is not to be avoided.
fn is_among(values: &[Val], request: &Val, candidates: &Val) -> bool {
    let [Val::Result(result)] = values else { return false };
    let Ok(choice) = result else { return true };
    let Some(Val::String(chosen)) = choice.as_deref().and_then(|choice| field(choice, "runner")) else {
        return false;
    };
    let Val::List(candidates) = candidates else {
        return false;
    };
    let offered = candidates
        .iter()
        .any(|candidate| matches!(field(candidate, "id"), Some(Val::String(id)) if id == chosen));
    offered && !strings(field(request, "avoid")).contains(chosen.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Val {
        Val::String(text.to_owned())
    }

    fn record(fields: &[(&str, Val)]) -> Val {
        Val::Record(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        )
    }

    #[test]
    fn only_offered_runners_may_be_chosen() {
        let request = record(&[("policy", text("mine")), ("avoid", Val::List(vec![text("b")]))]);
        let candidates = Val::List(["a", "b"].map(|id| record(&[("id", text(id))])).into());
        let choice = |runner: &str| vec![Val::Result(Ok(Some(Box::new(record(&[("runner", text(runner))])))))];
        assert!(is_among(&choice("a"), &request, &candidates));
        for wrong in ["b", "c", ""] {
            assert!(!is_among(&choice(wrong), &request, &candidates), "{wrong}");
        }
        assert!(
            is_among(&[Val::Result(Err(None))], &request, &candidates),
            "a refusal is an answer"
        );
        assert!(!is_among(&[], &request, &candidates));
    }
}
