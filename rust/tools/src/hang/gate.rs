// SPDX-License-Identifier: GPL-2.0

//! Which operations pass, wait or fail, and the ones that wait.

use std::{
    collections::BTreeMap,
    sync::{
        Condvar,
        Mutex,
        MutexGuard,
        PoisonError, //
    },
    time::{
        Duration,
        Instant, //
    },
};

/// The operations, as the orders name them.
pub const OPERATIONS: &[&str] = &[
    "lookup", "getattr", "setattr", "create", "mkdir", "unlink", "rmdir", "rename", "open", "read",
    "write", "flush", "release", "fsync", "opendir", "readdir", "statfs",
];

/// What happens to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// It is carried out.
    Pass,
    /// It is carried out later.
    Delay(Duration),
    /// It is carried out when an order lets it go.
    Hang,
    /// It fails with an error number.
    Fail(i32),
}

/// An [`Action`] for the next operations of a kind.
#[derive(Debug)]
struct Rule {
    action: Action,
    /// How many operations it is for, `None` for all.
    left: Option<u32>,
}

/// Carries out an operation, or answers it with an error number.
type Job = Box<dyn FnOnce(Result<(), i32>) + Send>;

/// An operation that waits.
struct Held {
    operation: &'static str,
    /// When it is carried out, `None` for not before an order.
    due: Option<Instant>,
    job: Job,
}

#[derive(Default)]
struct Inner {
    rules: BTreeMap<&'static str, Rule>,
    /// In the order of arrival.
    held: Vec<Held>,
    counts: BTreeMap<&'static str, u64>,
}

/// Where every operation passes.
#[derive(Default)]
pub struct Gate {
    inner: Mutex<Inner>,
    changed: Condvar,
}

impl Gate {
    /// Calls `job` as the rules say: now, later, or with an error number.
    pub fn pass(
        &self,
        operation: &'static str,
        job: impl FnOnce(Result<(), i32>) + Send + 'static,
    ) {
        let mut inner = self.lock();
        *inner.counts.entry(operation).or_default() += 1;
        let action = inner.next_action(operation);
        let due = match action {
            Action::Pass | Action::Fail(_) => {
                drop(inner);
                return job(match action {
                    Action::Fail(errno) => Err(errno),
                    _ => Ok(()),
                });
            }
            Action::Delay(time) => Some(Instant::now() + time),
            Action::Hang => None,
        };
        inner.held.push(Held {
            operation,
            due,
            job: Box::new(job),
        });
        drop(inner);
        self.changed.notify_one();
    }

    /// Carries out delayed operations when they are due. Never ends.
    pub fn run_delayed(&self) -> ! {
        let mut inner = self.lock();
        loop {
            let now = Instant::now();
            let due = inner.take(|held| held.due.is_some_and(|due| due <= now));
            if !due.is_empty() {
                drop(inner);
                due.into_iter().for_each(|held| (held.job)(Ok(())));
                inner = self.lock();
                continue;
            }
            let next = inner.held.iter().filter_map(|held| held.due).min();
            inner = match next {
                Some(next) => {
                    let time = next.saturating_duration_since(now);
                    let woken = self.changed.wait_timeout(inner, time);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self
                    .changed
                    .wait(inner)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Carries out an order: words such as `read=hang`, `write=200ms*3`, `open=errno:5`, `read=ok`
    /// for the operations to come, with `*N` only for the next N; or
    ///
    /// - `release [OPERATION]`: lets go what waits, and what comes from now on.
    /// - `held [OPERATION]`: how many wait.
    /// - `count OPERATION`: how many have come.
    ///
    /// # Errors
    ///
    /// What is wrong with the order, in words.
    pub fn order(&self, line: &str) -> Result<String, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let kinds = |words: &[&str]| match words {
            [] => Ok(OPERATIONS.to_vec()),
            words => words.iter().map(|word| operation(word)).collect(),
        };
        match words.as_slice() {
            ["release", rest @ ..] => {
                self.release(&kinds(rest)?);
                Ok("ok".into())
            }
            ["held", rest @ ..] => {
                let kinds = kinds(rest)?;
                let inner = self.lock();
                let held = inner.held.iter();
                let held = held.filter(|held| kinds.contains(&held.operation));
                Ok(held.count().to_string())
            }
            ["count", name] => {
                let name = operation(name)?;
                let count = self.lock().counts.get(name).copied();
                Ok(count.unwrap_or(0).to_string())
            }
            words => {
                let rules = words.iter().map(|word| parse_rule(word));
                let rules: Vec<_> = rules.collect::<Result<_, _>>()?;
                self.lock().rules.extend(rules);
                Ok("ok".into())
            }
        }
    }

    fn release(&self, operations: &[&'static str]) {
        let mut inner = self.lock();
        inner.rules.retain(|name, _| !operations.contains(name));
        let held = inner.take(|held| operations.contains(&held.operation));
        drop(inner);
        held.into_iter().for_each(|held| (held.job)(Ok(())));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn next_action(&mut self, operation: &str) -> Action {
        let Some(rule) = self.rules.get_mut(operation) else {
            return Action::Pass;
        };
        match &mut rule.left {
            Some(0) => return Action::Pass,
            Some(left) => *left -= 1,
            None => {}
        }
        rule.action
    }

    fn take(&mut self, wanted: impl Fn(&Held) -> bool) -> Vec<Held> {
        let held = std::mem::take(&mut self.held);
        let (taken, kept) = held.into_iter().partition(wanted);
        self.held = kept;
        taken
    }
}

fn operation(word: &str) -> Result<&'static str, String> {
    let known = OPERATIONS.iter().copied().find(|name| *name == word);
    known.ok_or_else(|| format!("{word}: no such order or operation"))
}

fn parse_rule(word: &str) -> Result<(&'static str, Rule), String> {
    let bad = || format!("{word}: not like read=hang, read=20ms, read=errno:5 or read=ok");
    let (name, action) = word.split_once('=').ok_or_else(bad)?;
    let (action, left) = match action.split_once('*') {
        Some((action, count)) => (action, Some(count.parse().map_err(|_| bad())?)),
        None => (action, None),
    };
    let action = match action {
        "ok" => Action::Pass,
        "hang" => Action::Hang,
        other => match (other.strip_suffix("ms"), other.strip_prefix("errno:")) {
            (Some(time), _) => {
                Action::Delay(Duration::from_millis(time.parse().map_err(|_| bad())?))
            }
            (_, Some(errno)) => Action::Fail(errno.parse().map_err(|_| bad())?),
            _ => return Err(bad()),
        },
    };
    Ok((operation(name)?, Rule { action, left }))
}

#[cfg(test)]
mod tests {
    use super::Gate;
    use std::sync::mpsc::channel;

    #[test]
    fn held_operations_run_when_released_in_order_of_arrival() {
        let gate = Gate::default();
        let (sender, results) = channel();
        gate.order("write=hang*2").unwrap();
        for number in 0..3 {
            let sender = sender.clone();
            gate.pass("write", move |go| sender.send((number, go)).unwrap());
        }
        assert_eq!(gate.order("held write").unwrap(), "2");
        assert_eq!(results.try_iter().collect::<Vec<_>>(), [(2, Ok(()))]);
        gate.order("release").unwrap();
        assert_eq!(
            results.try_iter().collect::<Vec<_>>(),
            [(0, Ok(())), (1, Ok(()))]
        );
        assert_eq!(gate.order("count write").unwrap(), "3");
    }

    #[test]
    fn bad_orders_change_nothing() {
        let gate = Gate::default();
        for line in [
            "write=maybe",
            "nothing=hang",
            "read=5",
            "read=hang*x",
            "count all",
        ] {
            assert!(gate.order(line).is_err(), "{line}");
        }
        assert!(gate.order("read=errno:5 nothing=ok").is_err());
        gate.pass("read", |go| assert_eq!(go, Ok(())));
    }
}
