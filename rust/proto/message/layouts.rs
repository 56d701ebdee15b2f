// SPDX-License-Identifier: GPL-2.0

//! The layout of each message as the manual pages draw it, and bodies built after it.
//!
//! For tests only: the table of messages is checked against this second description, which shares
//! no code with it.

/// Name and layout of each message, in the order of the table.
///
/// A layout gives the width of each field: `1`, `2`, `4` and `8` for integers, `q` for a qid, `s`
/// for a string, `t` for the target of a link, `d` for counted data, `n` for a list of names, `w`
/// for a list of qids, `S` for a stat record. What follows `?` is left out of 9P2000.
pub(super) const LAYOUTS: &[(&str, &str)] = &[
    ("Rlerror", "4"),
    ("Rerror", "s?4"),
    ("Tstatfs", "4"),
    ("Rstatfs", "448888884"),
    ("Tlopen", "44"),
    ("Rlopen", "q4"),
    ("Tlcreate", "4s444"),
    ("Rlcreate", "q4"),
    ("Tsymlink", "4ss4"),
    ("Rsymlink", "q"),
    ("Tmknod", "4s4444"),
    ("Rmknod", "q"),
    ("Trename", "44s"),
    ("Rrename", ""),
    ("Treadlink", "4"),
    ("Rreadlink", "t"),
    ("Tgetattr", "48"),
    ("Rgetattr", "8q444888888888888888"),
    ("Tsetattr", "4444488888"),
    ("Rsetattr", ""),
    ("Txattrwalk", "44s"),
    ("Rxattrwalk", "8"),
    ("Txattrcreate", "4s84"),
    ("Rxattrcreate", ""),
    ("Treaddir", "484"),
    ("Rreaddir", "d"),
    ("Tfsync", "44"),
    ("Rfsync", ""),
    ("Tlock", "414884s"),
    ("Rlock", "1"),
    ("Tgetlock", "41884s"),
    ("Rgetlock", "1884s"),
    ("Tlink", "44s"),
    ("Rlink", ""),
    ("Tmkdir", "4s44"),
    ("Rmkdir", "q"),
    ("Trenameat", "4s4s"),
    ("Rrenameat", ""),
    ("Tunlinkat", "4s4"),
    ("Runlinkat", ""),
    ("Tversion", "4s"),
    ("Rversion", "4s"),
    ("Tauth", "4ss?4"),
    ("Rauth", "q"),
    ("Tattach", "44ss?4"),
    ("Rattach", "q"),
    ("Tflush", "2"),
    ("Rflush", ""),
    ("Twalk", "44n"),
    ("Rwalk", "w"),
    ("Topen", "41"),
    ("Ropen", "q4"),
    ("Tcreate", "4s41?s"),
    ("Rcreate", "q4"),
    ("Tread", "484"),
    ("Rread", "d"),
    ("Twrite", "48d"),
    ("Rwrite", "4"),
    ("Tclunk", "4"),
    ("Rclunk", ""),
    ("Tremove", "4"),
    ("Rremove", ""),
    ("Tstat", "4"),
    ("Rstat", "S"),
    ("Twstat", "4S"),
    ("Rwstat", ""),
];

/// Layout of a stat record, without its size field.
const STAT: &str = "24q4448ssss?s444";

/// Builds a message body after a layout.
pub(super) struct Builder<'a> {
    out: &'a mut [u8],
    len: usize,
    choose: &'a mut dyn FnMut(usize) -> usize,
    string_max: usize,
}

impl<'a> Builder<'a> {
    /// Builds into `out`. `choose(n)` picks a number below `n`; no string is longer than
    /// `string_max`.
    pub(super) fn new(
        out: &'a mut [u8],
        string_max: usize,
        choose: &'a mut dyn FnMut(usize) -> usize,
    ) -> Self {
        Self {
            out,
            len: 0,
            choose,
            string_max,
        }
    }

    /// Builds a body with or without the fields after `?`; returns its length.
    pub(super) fn build(mut self, layout: &str, dotu: bool) -> usize {
        self.fields(layout, dotu);
        self.len
    }

    fn fields(&mut self, layout: &str, dotu: bool) {
        for field in layout.bytes() {
            match field {
                b'?' if dotu => {}
                b'?' => break,
                b'1'..=b'8' => self.values(usize::from(field - b'0')),
                b'q' => self.values(13),
                b's' => {
                    let len = (self.choose)(self.string_max + 1);
                    self.sized(2, len);
                }
                b't' => {
                    let len = 1 + (self.choose)(self.string_max);
                    self.sized(2, len);
                }
                b'd' => {
                    let len = (self.choose)(self.string_max + 1);
                    self.sized(4, len);
                }
                b'n' => {
                    let count = (self.choose)(17);
                    self.number(2, count);
                    (0..count).for_each(|_| self.fields("s", dotu));
                }
                b'w' => {
                    let count = (self.choose)(17);
                    self.number(2, count);
                    self.values(13 * count);
                }
                b'S' => self.stat(dotu),
                _ => panic!("unknown field"),
            }
        }
    }

    /// Two sizes, each of what follows it, then the record.
    fn stat(&mut self, dotu: bool) {
        let start = self.len;
        self.len += 4;
        self.fields(STAT, dotu);
        let end = self.len;
        self.len = start;
        self.number(2, end - start - 2);
        self.number(2, end - start - 4);
        self.len = end;
    }

    /// A length field of `width` bytes, then that many bytes.
    fn sized(&mut self, width: usize, len: usize) {
        self.number(width, len);
        self.values(len);
    }

    fn number(&mut self, width: usize, number: usize) {
        let bytes = number.to_le_bytes();
        self.out[self.len..][..width].copy_from_slice(&bytes[..width]);
        self.len += width;
    }

    /// Bytes other than 0, so that they can be part of any string.
    fn values(&mut self, count: usize) {
        for byte in &mut self.out[self.len..][..count] {
            *byte = 1 + u8::try_from((self.choose)(255)).unwrap();
        }
        self.len += count;
    }
}
