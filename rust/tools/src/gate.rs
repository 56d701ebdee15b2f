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

/// What an operation is to do when it is let go. `S` is what only one of the servers knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Go<S> {
    /// To be carried out.
    Run,
    /// To fail with an error number.
    Fail(u32),
    /// Something else.
    Special(S),
}

/// When an operation is let go.
#[derive(Clone, Debug)]
enum Action<S> {
    Now(Go<S>),
    After(Duration),
    /// When an order lets it go.
    Hang,
    /// As [`Hang`](Self::Hang), and so do all operations from then on.
    Stop,
}

/// An [`Action`] for operations of a kind.
#[derive(Debug)]
struct Rule<S> {
    /// The operation, or `*` for all.
    operation: &'static str,
    /// The file that the operation must be about, if not any.
    file: Option<String>,
    action: Action<S>,
    /// How many operations pass before.
    skip: u32,
    /// How many operations it is for then, `None` for all.
    left: Option<u32>,
    /// When it ends.
    until: Option<Instant>,
}

type Job<S> = Box<dyn FnOnce(Go<S>) + Send>;

/// An operation that waits.
struct Held<S> {
    operation: &'static str,
    id: u64,
    /// When it is let go, `None` for not before an order.
    due: Option<Instant>,
    job: Job<S>,
}

struct Inner<S> {
    /// The newest last.
    rules: Vec<Rule<S>>,
    /// In the order of arrival.
    held: Vec<Held<S>>,
    counts: BTreeMap<&'static str, u64>,
}

/// Where every operation passes.
pub struct Gate<S> {
    operations: Vec<&'static str>,
    special: fn(&str) -> Option<S>,
    inner: Mutex<Inner<S>>,
    changed: Condvar,
}

impl<S: Clone> Gate<S> {
    /// A gate for `operations`; `special` reads the actions that are not known here.
    pub fn new(operations: Vec<&'static str>, special: fn(&str) -> Option<S>) -> Self {
        Self {
            operations,
            special,
            inner: Mutex::new(Inner {
                rules: Vec::new(),
                held: Vec::new(),
                counts: BTreeMap::new(),
            }),
            changed: Condvar::new(),
        }
    }

    /// Calls `job` as the rules say, now or later. The operation is about `file`; it can be
    /// [cancelled](Self::cancel) by `id` while it waits.
    pub fn pass(
        &self,
        operation: &'static str,
        file: &str,
        id: u64,
        job: impl FnOnce(Go<S>) + Send + 'static,
    ) {
        let mut inner = self.lock();
        *inner.counts.entry(operation).or_default() += 1;
        let action = inner.action(operation, file);
        drop(inner);
        match action {
            Action::Now(go) => job(go),
            Action::After(time) => self.hold(operation, id, Some(time), job),
            Action::Hang | Action::Stop => self.hold(operation, id, None, job),
        }
    }

    /// Calls `job` after `time`, or when an order lets it go.
    pub fn hold(
        &self,
        operation: &'static str,
        id: u64,
        time: Option<Duration>,
        job: impl FnOnce(Go<S>) + Send + 'static,
    ) {
        self.lock().held.push(Held {
            operation,
            id,
            due: time.map(|time| Instant::now() + time),
            job: Box::new(job),
        });
        // What has no time is not waited for; there may be a lot of it.
        if time.is_some() {
            self.changed.notify_one();
        }
    }

    /// Drops the operations that wait under `id`; says whether there was one.
    pub fn cancel(&self, id: u64) -> bool {
        !self.lock().take(|held| held.id == id).is_empty()
    }

    /// Lets delayed operations go when they are due. Never ends.
    pub fn run_delayed(&self) -> ! {
        let mut inner = self.lock();
        loop {
            let now = Instant::now();
            let due = inner.take(|held| held.due.is_some_and(|due| due <= now));
            if !due.is_empty() {
                drop(inner);
                due.into_iter().for_each(|held| (held.job)(Go::Run));
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

    /// Carries out an order: rules, words such as
    ///
    /// - `read=hang`, `write=200ms`, `open=errno:5`, `read=ok` for the operations to come, `*` for
    ///   all; of several rules the newest counts;
    /// - `read@name=hang` for those about that file;
    /// - `read=hang+2*3` not for the next 2, but for the 3 after them;
    /// - `read=hang/500` for the next 500 milliseconds;
    /// - `read=stop` for that operation and all others after it;
    ///
    /// or one of
    ///
    /// - `release [OPERATION..]`: ends the rules, and lets go what waits.
    /// - `held [OPERATION..]`: how many wait.
    /// - `count OPERATION`: how many have come, `*` for all.
    ///
    /// # Errors
    ///
    /// What is wrong with the order, in words.
    pub fn order(&self, line: &str) -> Result<String, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["release", rest @ ..] => {
                self.release(&self.operations(rest)?);
                Ok("ok".into())
            }
            ["held", rest @ ..] => {
                let kinds = self.operations(rest)?;
                let inner = self.lock();
                let held = inner.held.iter();
                let held = held.filter(|held| kinds.contains(&held.operation));
                Ok(held.count().to_string())
            }
            ["count", name] => {
                let name = self.operation(name)?;
                let inner = self.lock();
                let counts = inner.counts.iter();
                let counts = counts.filter(|(known, _)| name == "*" || name == **known);
                Ok(counts.map(|(_, count)| count).sum::<u64>().to_string())
            }
            words => {
                let rules = words.iter().map(|word| self.rule(word));
                let rules: Vec<_> = rules.collect::<Result<_, _>>()?;
                self.lock().rules.extend(rules);
                Ok("ok".into())
            }
        }
    }

    fn release(&self, operations: &[&'static str]) {
        let mut inner = self.lock();
        let all = operations.len() == self.operations.len();
        inner
            .rules
            .retain(|rule| !all && !operations.contains(&rule.operation));
        let held = inner.take(|held| operations.contains(&held.operation));
        drop(inner);
        held.into_iter().for_each(|held| (held.job)(Go::Run));
    }

    fn operation(&self, word: &str) -> Result<&'static str, String> {
        let known = self.operations.iter().copied();
        known
            .chain(["*"])
            .find(|name| *name == word)
            .ok_or_else(|| format!("{word}: no such order or operation"))
    }

    /// The named operations, or all.
    fn operations(&self, words: &[&str]) -> Result<Vec<&'static str>, String> {
        match words {
            [] => Ok(self.operations.clone()),
            words => words.iter().map(|word| self.operation(word)).collect(),
        }
    }

    fn rule(&self, word: &str) -> Result<Rule<S>, String> {
        let bad = || format!("{word}: neither an order nor like read=hang, read=20ms*2, read=ok");
        let number = |text: &str| text.parse::<u32>().map_err(|_| bad());
        let (operation, action) = word.split_once('=').ok_or_else(bad)?;
        let (operation, file) = match operation.split_once('@') {
            Some((operation, file)) => (operation, Some(file.to_owned())),
            None => (operation, None),
        };
        let (action, until) = match action.split_once('/') {
            Some((action, time)) => {
                let time = Duration::from_millis(number(time)?.into());
                (action, Some(Instant::now() + time))
            }
            None => (action, None),
        };
        let (action, left) = match action.split_once('*') {
            Some((action, left)) => (action, Some(number(left)?)),
            None => (action, None),
        };
        let (action, skip) = match action.split_once('+') {
            Some((action, skip)) => (action, number(skip)?),
            None => (action, 0),
        };
        let action = match action {
            "ok" => Action::Now(Go::Run),
            "hang" => Action::Hang,
            "stop" => Action::Stop,
            other => match (other.strip_suffix("ms"), other.strip_prefix("errno:")) {
                (Some(time), _) => Action::After(Duration::from_millis(number(time)?.into())),
                (_, Some(errno)) => Action::Now(Go::Fail(number(errno)?)),
                _ => Action::Now(Go::Special((self.special)(other).ok_or_else(bad)?)),
            },
        };
        Ok(Rule {
            operation: self.operation(operation)?,
            file,
            action,
            skip,
            left,
            until,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Clone> Inner<S> {
    fn action(&mut self, operation: &str, file: &str) -> Action<S> {
        let rule = self.rules.iter_mut().rev().find(|rule| {
            (rule.operation == "*" || rule.operation == operation)
                && rule.file.as_ref().is_none_or(|wanted| wanted == file)
                && rule.left != Some(0)
                && rule.until.is_none_or(|until| Instant::now() < until)
        });
        let action = match rule {
            Some(rule) if rule.skip == 0 => {
                rule.left = rule.left.map(|left| left - 1);
                rule.action.clone()
            }
            Some(rule) => {
                rule.skip -= 1;
                Action::Now(Go::Run)
            }
            None => Action::Now(Go::Run),
        };
        if matches!(action, Action::Stop) {
            self.rules.push(Rule {
                operation: "*",
                file: None,
                action: Action::Hang,
                skip: 0,
                left: None,
                until: None,
            });
        }
        action
    }

    fn take(&mut self, wanted: impl Fn(&Held<S>) -> bool) -> Vec<Held<S>> {
        let held = std::mem::take(&mut self.held);
        let (taken, kept) = held.into_iter().partition(wanted);
        self.held = kept;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Gate,
        Go, //
    };
    use std::sync::mpsc::channel;

    fn gate() -> Gate<u8> {
        Gate::new(vec!["read", "write"], |word| {
            word.strip_prefix("byte:")?.parse().ok()
        })
    }

    /// What the gate tells the operations that it lets pass at once.
    fn passed(gate: &Gate<u8>, operations: &[(&'static str, &str)]) -> Vec<Option<Go<u8>>> {
        let (sender, results) = channel();
        let one = |(operation, file): &(&'static str, &str)| {
            let sender = sender.clone();
            // Who is let go later tells nobody.
            gate.pass(operation, file, 0, move |go| drop(sender.send(go)));
            results.try_recv().ok()
        };
        operations.iter().map(one).collect()
    }

    #[test]
    fn held_operations_are_released_in_order_of_arrival() {
        let gate = gate();
        let (sender, results) = channel();
        gate.order("write=hang*2").unwrap();
        for number in 0..3 {
            let sender = sender.clone();
            gate.pass("write", "", number, move |_| sender.send(number).unwrap());
        }
        assert_eq!(gate.order("held write").unwrap(), "2");
        assert_eq!(results.try_iter().collect::<Vec<_>>(), [2]);
        gate.order("release").unwrap();
        assert_eq!(results.try_iter().collect::<Vec<_>>(), [0, 1]);
        assert_eq!(gate.order("count write").unwrap(), "3");
    }

    #[test]
    fn a_cancelled_operation_is_never_let_go() {
        let gate = gate();
        gate.order("read=hang").unwrap();
        gate.pass("read", "", 7, |_| panic!("was cancelled"));
        assert!(gate.cancel(7));
        assert!(!gate.cancel(7));
        gate.order("release").unwrap();
    }

    #[test]
    fn the_newest_rule_that_fits_counts() {
        let gate = gate();
        gate.order("*=errno:5 write@name=byte:9+1*1 read=ok")
            .unwrap();
        let got = passed(
            &gate,
            &[
                ("read", "name"),
                ("write", "other"),
                ("write", "name"),
                ("write", "name"),
                ("write", "name"),
            ],
        );
        let run = Some(Go::Run);
        let fail = Some(Go::Fail(5));
        assert_eq!(
            got,
            [run.clone(), fail.clone(), run, Some(Go::Special(9)), fail]
        );
    }

    #[test]
    fn a_server_that_stops_answers_nothing_until_it_is_released() {
        let gate = gate();
        gate.order("write=stop+1").unwrap();
        let operations = [("read", ""), ("write", ""), ("write", ""), ("read", "")];
        let run = Some(Go::Run);
        assert_eq!(
            passed(&gate, &operations),
            [run.clone(), run.clone(), None, None]
        );
        gate.order("release").unwrap();
        assert_eq!(
            passed(&gate, &operations),
            [run.clone(), run.clone(), run.clone(), run]
        );
        assert_eq!(gate.order("count *").unwrap(), "8");
    }

    #[test]
    fn a_rule_ends_when_its_time_is_over() {
        let gate = gate();
        gate.order("read=errno:5/0 write=errno:5/1000000").unwrap();
        let got = passed(&gate, &[("read", ""), ("write", "")]);
        assert_eq!(got, [Some(Go::Run), Some(Go::Fail(5))]);
    }

    #[test]
    fn bad_orders_change_nothing() {
        let gate = gate();
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
        assert_eq!(passed(&gate, &[("read", "")]), [Some(Go::Run)]);
    }
}
