// SPDX-License-Identifier: GPL-2.0

//! The whole engine around the tag table, tried out with random events.
//!
//! The table is the real one. Around it is a model of the client as the files in `client/` have
//! it: tasks that read, write, walk, lock and close, the gate, flushes, the work item, umount; of a
//! transport with a queue and few places; and of a server that answers in any order, late, or never.
//! A step is what one of them does without the others coming between. After each step the rules
//! are checked, see [`world::World`] and [`server::Server`].
//!
//! `STEPS` and `SEED` in the environment change how long the test runs and where it begins. Events
//! that break a rule are shortened before they are shown.

use std::cell::RefCell;
use std::panic::{
    catch_unwind,
    AssertUnwindSafe, //
};
use std::sync::Once;

mod choices;
mod client;
mod link;
mod parts;
mod server;
mod task;
mod worker;
mod world;

use choices::{
    shorten,
    Choices, //
};
use world::{
    Mistake,
    Seen,
    World, //
};

thread_local! {
    /// Panics are not shown: where the last one was is noted here.
    static QUIET: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Lets panics be quiet where they are expected.
fn set_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info
                .location()
                .map_or_else(String::new, ToString::to_string);
            QUIET.with_borrow_mut(|quiet| match quiet {
                Some(last) => *last = place,
                None => loud(info),
            });
        }));
    });
}

/// A rule that was broken, where it is, and the decisions that led to it.
struct Broken {
    rule: String,
    place: String,
    decisions: Vec<u32>,
}

/// Lives through one session.
fn run(choices: Choices, mistake: Option<Mistake>, loud: bool) -> Result<Seen, Broken> {
    set_hook();
    let mut world = World::new(choices, mistake, loud);
    QUIET.set(Some(String::new()));
    let result = catch_unwind(AssertUnwindSafe(|| world.run()));
    let place = QUIET.take().unwrap_or_default();
    let Err(panic) = result else {
        return Ok(world.seen);
    };
    let decisions = world.choices.made().to_vec();
    // Its references are not what they should be.
    std::mem::forget(world);
    let rule = match panic.downcast::<String>() {
        Ok(rule) => *rule,
        Err(panic) => panic.downcast_ref::<&str>().unwrap_or(&"?").to_string(),
    };
    Err(Broken {
        rule,
        place,
        decisions,
    })
}

fn number_from_env(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().unwrap())
}

#[test]
fn no_sequence_of_events_breaks_a_rule() {
    let steps = usize::try_from(number_from_env("STEPS", 2_000_000)).unwrap();
    let mut seed = number_from_env("SEED", 1);
    let mut all = Seen::default();
    while all.steps < steps {
        match run(Choices::random(seed), None, false) {
            Ok(seen) => all += seen,
            Err(broken) => {
                let fails = |list: &[u32]| {
                    let again = run(Choices::given(list.to_vec()), None, false);
                    again.is_err_and(|again| again.place == broken.place)
                };
                let list = shorten(broken.decisions.clone(), 3000, fails);
                let again = run(Choices::given(list), None, true);
                let rule = again.err().map_or(broken.rule, |broken| broken.rule);
                panic!("SEED={seed}: {}: {rule}", broken.place);
            }
        }
        seed = seed.wrapping_add(1);
    }
    println!("{all:?}");
    // A world in which nothing goes wrong would prove nothing.
    let often = steps / 5000;
    for count in [
        all.flushed,
        all.answered,
        all.refused,
        all.late,
        all.farewells,
    ] {
        assert!(count >= often, "{all:?}");
    }
}

#[test]
fn mistakes_of_the_client_are_found() {
    for mistake in Mistake::ALL {
        let found = (1..10_000).find_map(|seed| {
            let broken = run(Choices::random(seed), Some(mistake), false).err()?;
            Some((seed, broken))
        });
        let (seed, broken) = found.unwrap_or_else(|| panic!("{mistake:?} is not found"));
        println!(
            "{mistake:?}: SEED={seed}: {}: {}",
            broken.place, broken.rule
        );
    }
}
