//! What the runner says of itself, and when.

use crate::agent::{Agent, limits};
use crate::entry::Phase;
use crate::model::{Amounts, Health, Millis};
use crate::outbox::Outbox;

/// Each service by name, well or unwell for a reason.
pub(crate) type Services = Vec<(String, Result<(), String>)>;

/// The service that stands for the agent's own work.
const SANDBOXES: &str = "sandboxes";

impl Agent {
    /// A service became well or unwell.
    pub(crate) fn service(&mut self, name: String, condition: Result<(), String>) {
        let known = self.services.contains_key(&name);
        if name.len() > limits::SERVICE_NAME || (!known && self.services.len() >= limits::SERVICES) {
            return;
        }
        let condition = condition.map_err(|reason| super::agent::cut(&reason));
        self.services.insert(name, condition);
    }

    /// Reports health at the interval, with some sandboxes told again.
    pub(crate) fn report_if_due(&mut self, now: Millis, out: &mut Outbox) {
        let due = match self.last_report {
            None => true,
            Some(last) => now.saturating_sub(last) >= self.configuration.report_every,
        };
        if due {
            self.last_report = Some(now);
            self.retell(out);
            self.tell_health(now, out);
        }
    }

    /// Reports health at once if a service has changed since the last report. The very first report is the tick's.
    pub(crate) fn report_if_changed(&mut self, now: Millis, out: &mut Outbox) {
        let soon = now.saturating_sub(self.told_at) < limits::BETWEEN_CHANGES;
        if self.last_report.is_some() && !soon && self.condition(now) != self.told {
            self.tell_health(now, out);
        }
    }

    fn tell_health(&mut self, now: Millis, out: &mut Outbox) {
        let services = self.condition(now);
        self.told_at = now;
        self.told.clone_from(&services);
        out.health(Health {
            allocatable: self.configuration.allocatable,
            allocated: self.allocated(),
            used: self.sample,
            started_sandboxes: self.started(),
            sandboxes: u32::try_from(self.entries.len() - self.tombstones.len()).unwrap_or(u32::MAX),
            healthy: services.iter().all(|(_, condition)| condition.is_ok()),
            services,
            snapshots: self.configuration.snapshots.clone(),
        });
    }

    /// The host's services, and the agent's own.
    fn condition(&self, now: Millis) -> Services {
        let failing = self.failures >= limits::FAILURES_UNTIL_UNHEALTHY
            && now.saturating_sub(self.last_failure) < limits::UNHEALTHY_FOR;
        let own = if failing {
            Err(format!(
                "the last {} sandboxes could not be made",
                limits::FAILURES_UNTIL_UNHEALTHY
            ))
        } else {
            Ok(())
        };
        let hosts = self.services.iter().filter(|(name, _)| *name != SANDBOXES);
        hosts
            .map(|(name, condition)| (name.clone(), condition.clone()))
            .chain([(SANDBOXES.to_owned(), own)])
            .collect()
    }

    /// CPU and memory of started sandboxes, disk of all that have files.
    pub fn allocated(&self) -> Amounts {
        let made = self.entries.values().filter(|entry| entry.made);
        made.fold(Amounts::default(), |sum, entry| {
            let Some(need) = entry.spec.as_ref().map(|spec| spec.need) else {
                return sum;
            };
            let running = entry.phase == Phase::Started;
            sum.plus(Amounts {
                cpu_milli: if running { need.cpu_milli } else { 0 },
                memory_mib: if running { need.memory_mib } else { 0 },
                disk_mib: need.disk_mib,
            })
        })
    }

    /// Tells the next few settled sandboxes again.
    fn retell(&mut self, out: &mut Outbox) {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = self.told_until.clone();
        let after = self.entries.range::<String, _>((Excluded(&from), Unbounded));
        let mut last = None;
        for (sandbox, entry) in after.take(limits::RETOLD_PER_REPORT) {
            last = Some(sandbox.clone());
            if entry.settled && entry.phase != Phase::Destroyed {
                entry.observe(sandbox, None).into_iter().for_each(|o| out.observe(o));
            }
        }
        // At the end, begin again with the next report.
        self.told_until = last.unwrap_or_default();
    }
}
