// SPDX-License-Identifier: GPL-2.0

//! A session with p9fault in each of the older dialects.

use p9proto::{
    field::DotU,
    list::Names,
    message::*,
    stat::Stat,
    types::{
        open_mode::{
            ORDWR,
            OREAD, //
        },
        Dialect,
        FidNum,
        Qid,
        QidType,
        Tag,
        NOFID,
        NONUNAME,
        NOTAG, //
    },
    wire::split_frame,
};
use p9tools::{
    fault::{
        record::mode,
        server::Server, //
    },
    net::Stream,
};
use std::{
    env,
    fs,
    io::{
        Read,
        Write, //
    },
    os::unix::{
        fs::{
            FileTypeExt,
            MetadataExt, //
        },
        net::UnixStream, //
    },
    path::PathBuf,
    process,
    sync::{
        atomic::{
            AtomicU32,
            Ordering, //
        },
        Arc, //
    },
    thread, //
};

const ROOT: FidNum = FidNum::new(0);
const FILE: FidNum = FidNum::new(1);

/// A client of a server in this process.
struct Session {
    dialect: Dialect,
    stream: UnixStream,
    reply: Vec<u8>,
    folder: PathBuf,
}

impl Session {
    /// Begins a session in `dialect` that asked for the newest, with an empty folder.
    fn new(dialect: Dialect) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("p9fault-{}-{number}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let server = Arc::new(Server::new(folder.clone(), dialect, 8192, None));
        let (stream, other) = UnixStream::pair().unwrap();
        thread::spawn(move || server.serve(Stream::Unix(other)));
        let mut session = Self {
            dialect,
            stream,
            reply: Vec::new(),
            folder,
        };
        let version = Tversion {
            msize: 8192,
            version: Dialect::P2000L.name(),
        };
        let AnyR::Rversion(agreed) = session.call(NOTAG, &version) else {
            panic!("no Rversion");
        };
        assert_eq!(agreed.version, dialect.name());
        let attach = Tattach {
            fid: ROOT,
            afid: NOFID,
            uname: b"user",
            aname: b"",
            n_uname: DotU(0),
        };
        assert!(matches!(session.request(&attach), AnyR::Rattach(_)));
        session
    }

    fn call<M: Message>(&mut self, tag: Tag, message: &M) -> AnyR<'_> {
        let mut frame = vec![0; frame_size(message, self.dialect)];
        encode_frame(&mut frame, tag, message, self.dialect).unwrap();
        self.stream.write_all(&frame).unwrap();
        let mut size = [0; 4];
        self.stream.read_exact(&mut size).unwrap();
        self.reply = vec![0; u32::from_le_bytes(size) as usize];
        self.reply[..4].copy_from_slice(&size);
        self.stream.read_exact(&mut self.reply[4..]).unwrap();
        let (header, body) = split_frame(&self.reply).unwrap();
        assert_eq!(header.tag, tag);
        AnyR::decode(self.dialect, header.ty, body).unwrap()
    }

    fn request<M: Tmessage>(&mut self, message: &M) -> AnyR<'_> {
        self.call(Tag::new(1), message)
    }

    /// Makes `FILE` a fid for the file `name`, or for the root if that is empty.
    fn walk(&mut self, name: &str) {
        let names: Vec<&[u8]> = match name {
            "" => vec![],
            name => vec![name.as_bytes()],
        };
        let walk = Twalk {
            fid: ROOT,
            newfid: FILE,
            names: Names::new(&names).unwrap(),
        };
        assert!(matches!(self.request(&walk), AnyR::Rwalk(_)), "{name}");
    }

    fn clunk(&mut self) {
        let clunk = Tclunk { fid: FILE };
        assert_eq!(self.request(&clunk), AnyR::Rclunk(Rclunk {}));
    }

    /// Makes a file of any kind.
    fn create(&mut self, name: &str, perm: u32, extension: &str) {
        self.walk("");
        let create = Tcreate {
            fid: FILE,
            name: name.as_bytes(),
            perm,
            mode: if perm & mode::DIR == 0 { ORDWR } else { OREAD },
            extension: DotU(extension.as_bytes()),
        };
        assert!(matches!(self.request(&create), AnyR::Rcreate(_)), "{name}");
        self.clunk();
    }

    fn open(&mut self) {
        let open = Topen {
            fid: FILE,
            mode: OREAD,
        };
        assert!(matches!(self.request(&open), AnyR::Ropen(_)));
    }

    /// The name, mode, length and extension that Tstat tells.
    fn stat(&mut self, name: &str) -> (String, u32, u64, String) {
        self.walk(name);
        let AnyR::Rstat(Rstat { stat }) = self.request(&Tstat { fid: FILE }) else {
            panic!("no Rstat of {name}");
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let told = (
            text(stat.name),
            stat.mode,
            stat.length,
            text(stat.extension.0),
        );
        self.clunk();
        told
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A Twstat that changes nothing.
fn unchanged() -> Stat<'static> {
    Stat {
        ty: u16::MAX,
        dev: u32::MAX,
        qid: Qid {
            ty: QidType::new(u8::MAX),
            version: u32::MAX,
            path: u64::MAX,
        },
        mode: u32::MAX,
        atime: u32::MAX,
        mtime: u32::MAX,
        length: u64::MAX,
        name: b"",
        uid: b"",
        gid: b"",
        muid: b"",
        extension: DotU(b""),
        n_uid: DotU(NONUNAME),
        n_gid: DotU(NONUNAME),
        n_muid: DotU(NONUNAME),
    }
}

fn both(test: impl Fn(Session)) {
    [Dialect::P2000, Dialect::P2000u]
        .into_iter()
        .for_each(|dialect| test(Session::new(dialect)));
}

#[test]
fn errors_are_words() {
    both(|mut session| {
        let AnyR::Rerror(error) = session.request(&Tstat { fid: FILE }) else {
            panic!("no Rerror");
        };
        assert_eq!(error.ename, b"Bad file descriptor");
    });
}

#[test]
fn messages_of_the_newest_dialect_are_refused() {
    both(|mut session| {
        let lopen = Tlopen {
            fid: ROOT,
            flags: 0,
        };
        assert!(matches!(session.request(&lopen), AnyR::Rerror(_)));
    });
}

#[test]
fn files_are_made_changed_and_removed() {
    both(|mut session| {
        session.create("file", 0o640, "");
        session.create("folder", mode::DIR | 0o750, "");
        assert_eq!(session.stat("file").1, 0o640);
        assert_eq!(session.stat("folder").1, mode::DIR | 0o750);
        assert_eq!(session.stat("").0, "/");

        session.walk("file");
        let stat = Stat {
            mode: 0o600,
            length: 10,
            mtime: 1000,
            name: b"renamed",
            ..unchanged()
        };
        let reply = session.request(&Twstat { fid: FILE, stat });
        assert_eq!(reply, AnyR::Rwstat(Rwstat {}));
        let remove = Tremove { fid: FILE };
        let meta = fs::metadata(session.folder.join("renamed")).unwrap();
        assert_eq!((meta.mode() & 0o7777, meta.len()), (0o600, 10));
        assert_eq!(meta.mtime(), 1000);
        assert_eq!(session.request(&remove), AnyR::Rremove(Rremove {}));
        assert!(!session.folder.join("renamed").exists());
    });
}

#[test]
fn a_folder_is_read_as_whole_records() {
    both(|mut session| {
        let dialect = session.dialect;
        for number in 0..40 {
            session.create(&format!("file{number}"), 0o644, "");
        }
        session.walk("");
        session.open();
        let mut offset = 0;
        let mut names = Vec::new();
        loop {
            let read = Tread {
                fid: FILE,
                offset,
                count: 500,
            };
            let AnyR::Rread(Rread { data }) = session.request(&read) else {
                panic!("no Rread at {offset}");
            };
            let mut bytes = data.within(500).unwrap();
            if bytes.is_empty() {
                break;
            }
            offset += bytes.len() as u64;
            while !bytes.is_empty() {
                let (stat, size) = Stat::decode_record(dialect, bytes).unwrap();
                names.push(String::from_utf8_lossy(stat.name).into_owned());
                bytes = &bytes[size..];
            }
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 40);
        let inside = Tread {
            fid: FILE,
            offset: 1,
            count: 500,
        };
        assert!(matches!(session.request(&inside), AnyR::Rerror(_)));
    });
}

#[test]
fn extensions_make_links_and_nodes() {
    let mut session = Session::new(Dialect::P2000u);
    session.create("file", 0o4755, "");
    session.create("symlink", mode::SYMLINK | 0o777, "file");
    session.create("pipe", mode::NAMED_PIPE | 0o600, "");
    session.create("socket", mode::SOCKET | 0o600, "");
    let kind = |session: &Session, name| {
        let meta = fs::symlink_metadata(session.folder.join(name)).unwrap();
        meta.file_type()
    };
    assert!(kind(&session, "pipe").is_fifo());
    assert!(kind(&session, "socket").is_socket());
    let (_, perm, _, extension) = session.stat("symlink");
    assert_eq!((perm & mode::SYMLINK, &*extension), (mode::SYMLINK, "file"));
    assert_eq!(session.stat("pipe").1, mode::NAMED_PIPE | 0o600);

    // A further name is made with the number of a fid.
    session.walk("file");
    let other = FidNum::new(9);
    let walk = Twalk {
        fid: ROOT,
        newfid: other,
        names: Names::new(&[]).unwrap(),
    };
    assert!(matches!(session.request(&walk), AnyR::Rwalk(_)));
    let create = Tcreate {
        fid: other,
        name: b"link",
        perm: mode::LINK,
        mode: OREAD,
        extension: DotU(b"1\n"),
    };
    assert!(matches!(session.request(&create), AnyR::Rcreate(_)));
    session.clunk();
    assert_eq!(session.stat("link").3, "HARDLINKCOUNT 2");
}
