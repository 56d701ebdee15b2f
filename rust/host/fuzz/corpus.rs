// SPDX-License-Identifier: GPL-2.0

//! Writes seeds for the fuzz targets into the folder given, one folder for each target.
//!
//! The seeds are well-formed messages of every type, built after their layouts: with the shortest
//! strings and lists and with longer ones.

use std::fs;
use std::io;
use std::path::Path;

use p9proto::message::NAMES;

#[path = "../../proto/message/layouts.rs"]
mod layouts;

/// Builds the body of a message; strings and lists have at most `max` elements.
fn body(layout: &str, dotu: bool, max: usize) -> Vec<u8> {
    let mut body = vec![0; 4096];
    let mut choose = |n: usize| (n - 1).min(max);
    let len = layouts::Builder::new(&mut body, max.max(1), &mut choose).build(layout, dotu);
    body.truncate(len);
    body
}

/// Puts a header before a body.
fn frame(ty: u8, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(7 + body.len()).expect("the body is short");
    let mut frame = size.to_le_bytes().to_vec();
    frame.extend([ty, 1, 0]);
    frame.extend(body);
    frame
}

fn write(root: &Path, target: &str, name: &str, seed: &[u8]) -> io::Result<()> {
    let folder = root.join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), seed)
}

fn main() -> io::Result<()> {
    let root = std::env::args_os()
        .nth(1)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "usage: corpus FOLDER"))?;
    let root = Path::new(&root);
    for ((ty, name), (_, layout)) in NAMES.iter().zip(layouts::LAYOUTS) {
        for dialect in 0..3_u8 {
            for max in [0, 4] {
                let body = body(layout, dialect > 0, max);
                let frame = frame(*ty, &body);
                let file = format!("{name}-{dialect}-{max}");
                write(
                    root,
                    "decode",
                    &file,
                    &[&[dialect, *ty], &body[..]].concat(),
                )?;
                write(root, "reply", &file, &[&[dialect], &frame[..]].concat())?;
                write(
                    root,
                    "frame",
                    &file,
                    &[&[2, 3, 50], &frame[..], &frame[..]].concat(),
                )?;
                if *layout == "S" {
                    write(root, "dirents", &file, &[&body[2..], &body[2..]].concat())?;
                }
            }
        }
    }
    let entry = body("q81s", true, 4);
    write(
        root,
        "dirents",
        "dirents",
        &[&entry[..], &entry[..]].concat(),
    )
}
