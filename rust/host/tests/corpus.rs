// SPDX-License-Identifier: GPL-2.0

//! The seeds of the fuzz targets: what is in `fuzz/corpus`, tried without a fuzzer.
//!
//! Most are made here: a message of each type, built after its layout, and some lives of requests.
//! `WRITE_SEEDS=1` in the environment writes those. What a fuzzer has found is added by hand, and
//! only tried.

use std::fs;
use std::path::PathBuf;

use p9proto::message::NAMES;

#[path = "../fuzz/checks.rs"]
mod checks;
#[path = "../../proto/message/layouts.rs"]
mod layouts;
#[path = "../fuzz/ops.rs"]
mod ops;

type Check = fn(&[u8]);

/// The targets and what they check.
const TARGETS: [(&str, Check); 5] = [
    ("decode", checks::check_decode),
    ("reply", checks::check_reply),
    ("dirents", checks::check_dirents),
    ("frame", checks::check_frame),
    ("rpc_ops", ops::check),
];

/// Requests from their beginning to their end; see `ops::Operation`. The second byte of a pair
/// counts from the newest request backwards.
const LIVES: [(&str, &[u8]); 8] = [
    ("answered", &[14, 1, 0, 0, 4, 0, 4, 0]),
    ("flushed", &[14, 1, 0, 0, 8, 0, 0, 1, 11, 0, 0, 1, 4, 1]),
    (
        "answered-before-rflush",
        &[14, 1, 0, 0, 8, 0, 4, 0, 4, 0, 11, 0, 11, 0],
    ),
    ("late", &[14, 1, 0, 0, 8, 0, 11, 0, 4, 0, 0, 0, 4, 1, 4, 0]),
    ("refused", &[14, 2, 0, 0, 8, 0, 12, 0, 11, 0, 0, 1, 4, 1]),
    (
        "undone",
        &[
            14, 3, 0, 0, 8, 0, 6, 0, 11, 0, 0, 0, 7, 1, 0, 0, 8, 0, 6, 0, 7, 0, 11, 0,
        ],
    ),
    ("cancelled", &[14, 3, 0, 0, 0, 1, 13, 1, 8, 0, 13, 0, 0, 2]),
    (
        "disconnected",
        &[
            14, 3, 14, 3, 0, 0, 0, 1, 0, 2, 0, 0, 8, 1, 4, 2, 8, 3, 12, 3, 15, 0, 0, 0,
        ],
    ),
];

/// Builds the body of a message.
fn body(layout: &str, dotu: bool) -> Vec<u8> {
    let mut body = vec![0; 4096];
    let mut choose = |n: usize| (n - 1).min(4);
    let len = layouts::Builder::new(&mut body, 4, &mut choose).build(layout, dotu);
    body.truncate(len);
    body
}

/// Puts a header before a body.
fn frame(ty: u8, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(7 + body.len()).unwrap();
    let mut frame = size.to_le_bytes().to_vec();
    frame.extend([ty, 1, 0]);
    frame.extend(body);
    frame
}

/// Target, name and bytes of each seed.
fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds = Vec::new();
    let mut add = |target, name: &str, seed: &[&[u8]]| {
        seeds.push((target, name.to_owned(), seed.concat()));
    };
    for ((ty, name), (_, layout)) in NAMES.iter().zip(layouts::LAYOUTS) {
        let body = body(layout, true);
        add("decode", name, &[&[2, *ty], &body]);
        if layout.contains(['?', 'S']) {
            let short = self::body(layout, false);
            add("decode", &format!("{name}-short"), &[&[0, *ty], &short]);
        }
        let frame = frame(*ty, &body);
        if ty % 2 == 1 {
            add("reply", name, &[&[2], &frame]);
        }
        if ["Rread", "Rwalk", "Rclunk"].contains(name) {
            add("frame", name, &[&[2, 3, 50], &frame, &frame]);
        }
        if *layout == "S" {
            add("dirents", "stat", &[&body[2..], &body[2..]]);
        }
    }
    let entry = body("q81s", true);
    add("dirents", "dirents", &[&entry, &entry]);
    for (name, life) in LIVES {
        add("rpc_ops", name, &[life]);
    }
    seeds
}

fn folder(target: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "fuzz", "corpus", target]
        .iter()
        .collect()
}

#[test]
fn seeds_are_those_made_here() {
    for (target, name, seed) in seeds() {
        let path = folder(target).join(&name);
        if std::env::var_os("WRITE_SEEDS").is_some() {
            fs::create_dir_all(folder(target)).unwrap();
            fs::write(&path, &seed).unwrap();
        }
        let stored = fs::read(&path).unwrap_or_default();
        assert_eq!(stored, seed, "{target}/{name}: run with WRITE_SEEDS=1");
    }
}

#[test]
fn every_seed_is_passed() {
    for (target, check) in TARGETS {
        let mut paths: Vec<_> = fs::read_dir(folder(target))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort_unstable();
        assert!(!paths.is_empty());
        for path in paths {
            println!("{}", path.display());
            check(&fs::read(path).unwrap());
        }
    }
}
