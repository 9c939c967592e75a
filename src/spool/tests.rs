//! The queue as a whole: what is appended comes out, whatever happens between.

use super::*;

async fn append(spool: &Spool, payloads: &[&str]) {
    let mut records = Records::default();
    payloads.iter().for_each(|payload| records.push(payload.as_bytes()));
    spool.append(records).await.unwrap();
}

fn all(reader: &mut Reader) -> Vec<String> {
    let mut read = Vec::new();
    while let Some(batch) = reader.next_batch(3, 1 << 20).unwrap() {
        read.extend(batch.records().map(|record| String::from_utf8(record.to_vec()).unwrap()));
        reader.commit(&batch).unwrap();
    }
    read
}

#[tokio::test]
async fn a_segment_that_was_ended_goes_when_it_is_sent_and_more_has_come() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
    append(&spool, &["first"]).await;
    let files = || -> String {
        let entries = std::fs::read_dir(directory.path()).unwrap();
        let bytes = entries.flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
    };
    let first_end = spool.durable();
    spool.end_segment();
    // Nothing is in it yet: it is not ended again.
    spool.end_segment();
    append(&spool, &["second"]).await;
    assert_eq!(spool.durable().segment, first_end.segment + 1);
    assert!(files().contains("first"));
    assert_eq!(all(&mut reader), ["first", "second"]);
    assert!(!files().contains("first") && files().contains("second"));
    drop((spool, reader));
    let (_spool, mut reader) = Spool::open(&options(&directory)).unwrap();
    assert_eq!(all(&mut reader), [""; 0]);
}

fn options(directory: &tempfile::TempDir) -> SpoolOptions {
    SpoolOptions {
        directory: directory.path().to_owned(),
        max_bytes: 1 << 20,
        keep_sent: Duration::ZERO,
        faults: Faults::default(),
    }
}

fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn what_is_appended_is_read_in_order_and_committed_once() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
    append(&spool, &["a", "b"]).await;
    append(&spool, &["", "d", "e"]).await;
    assert_eq!(all(&mut reader), ["a", "b", "", "d", "e"]);
    assert!(all(&mut reader).is_empty());
    drop((spool, reader));
    let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
    assert!(all(&mut reader).is_empty());
    append(&spool, &["f"]).await;
    assert_eq!(all(&mut reader), ["f"]);
}

#[tokio::test]
async fn what_was_not_committed_comes_again_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
    append(&spool, &["a", "b", "c", "d"]).await;
    let batch = reader.next_batch(3, 1 << 20).unwrap().unwrap();
    assert_eq!(batch.len(), 3);
    drop((spool, reader));
    let (_spool, mut reader) = Spool::open(&options(&directory)).unwrap();
    assert_eq!(all(&mut reader), ["a", "b", "c", "d"]);
}

/// A spool left as a killed process leaves it: without an orderly end.
async fn abandoned(options: &SpoolOptions, payloads: &[&str]) {
    let (spool, _reader) = Spool::open(options).unwrap();
    append(&spool, payloads).await;
    let abandoned = spool.thread.clone();
    let directory = options.directory.clone();
    let kept: Vec<_> =
        files(&directory, "spool").into_iter().map(|p| (std::fs::read(&p).unwrap(), p)).collect();
    drop((spool, abandoned));
    files(&directory, "spool").iter().for_each(|path| std::fs::remove_file(path).unwrap());
    kept.into_iter().for_each(|(bytes, path)| std::fs::write(path, bytes).unwrap());
}

#[tokio::test]
async fn a_torn_tail_is_cut_and_kept_aside() {
    let directory = tempfile::tempdir().unwrap();
    abandoned(&options(&directory), &["whole", "torn"]).await;
    let segment = files(directory.path(), "spool").pop().unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let end = bytes.len() - bytes.iter().rev().take_while(|&&byte| byte == 0).count();
    bytes[end - 2..].fill(0);
    std::fs::write(&segment, bytes).unwrap();
    let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
    append(&spool, &["next"]).await;
    assert_eq!(all(&mut reader), ["whole", "next"]);
    assert_eq!(files(directory.path(), "torn").len(), 1);
}

#[tokio::test]
async fn a_full_spool_refuses_and_takes_again_after_commits() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
    let payload = "x".repeat(100_000);
    let mut taken = 0;
    let refused = loop {
        let mut records = Records::default();
        records.push(payload.as_bytes());
        match spool.append(records).await {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((refused, taken), (AppendError::Full, 10));
    assert!(spool.is_nearly_full() && spool.stored_bytes() <= 2 << 20);
    assert_eq!(all(&mut reader).len(), taken);
    append(&spool, &[&payload]).await;
    assert_eq!(all(&mut reader), [payload]);
    assert!(!spool.is_nearly_full());
}

#[tokio::test]
async fn a_segment_whose_file_is_removed_is_counted_and_holds_up_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
    append(&spool, &["a", "b"]).await;
    std::fs::remove_file(files(directory.path(), "spool").pop().unwrap()).unwrap();
    assert!(all(&mut reader).is_empty());
    assert_eq!(spool.lost_records(), 2);
    let mut records = Records::default();
    records.push(b"into the removed file");
    assert_eq!(spool.append(records).await, Err(AppendError::Disk));
    append(&spool, &["c"]).await;
    assert_eq!(all(&mut reader), ["c"]);
    assert_eq!(spool.lost_records(), 2);
}

#[tokio::test]
async fn another_versions_file_is_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("00000000000000000001.spool");
    let header = format::Header { segment: 1, first_record: 0 }.bytes_of_version(b'3');
    std::fs::write(&file, [&header[..], b"what that version writes"].concat()).unwrap();
    let error = Spool::open(&options(&directory)).unwrap_err().to_string();
    assert!(error.contains("version '3'"), "{error}");
    assert!(std::fs::read(&file).unwrap().ends_with(b"what that version writes"));
}

#[tokio::test]
async fn an_inspection_tells_what_waits() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(inspect(&directory.path().join("none")).unwrap().segments, []);
    let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
    append(&spool, &["a", "b", "c"]).await;
    let batch = reader.next_batch(1, 1 << 20).unwrap().unwrap();
    reader.commit(&batch).unwrap();
    let found = inspect(directory.path()).unwrap();
    let expected = SegmentCard {
        segment: 1,
        bytes: 1 << 17,
        records: 3,
        waiting_records: 2,
        damaged_bytes: 0,
        lost_records: 0,
    };
    assert_eq!((found.waiting_records, found.segments), (2, vec![expected]));
}

#[tokio::test]
async fn requests_of_one_thread_share_a_round_and_each_gets_the_answer() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
    let local = tokio::task::LocalSet::new();
    let appender = Appender::new(spool.clone());
    let syncs = || spool.syncs().buckets().iter().map(|(_, count)| count).sum::<u64>();
    local
        .run_until(async {
            let appends = (0..50).map(|n: u32| {
                let appender = appender.clone();
                let mut records = Records::default();
                records.push(n.to_string().as_bytes());
                tokio::task::spawn_local(async move { appender.append(records).await })
            });
            for append in appends.collect::<Vec<_>>() {
                assert_eq!(append.await.unwrap(), Ok(()));
            }
        })
        .await;
    assert_eq!(all(&mut reader).len(), 50);
    assert!(syncs() <= 3, "{}", syncs());
}

#[tokio::test]
async fn a_batch_says_whether_a_bound_ended_it() {
    let directory = tempfile::tempdir().unwrap();
    let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
    append(&spool, &["a", "b", "c"]).await;
    let batch = reader.next_batch(2, 1 << 20).unwrap().unwrap();
    assert!(batch.is_full());
    reader.commit(&batch).unwrap();
    assert!(!reader.next_batch(2, 1 << 20).unwrap().unwrap().is_full());
}

#[tokio::test]
async fn sent_segments_stay_for_a_while_and_are_handed_out_again_on_demand() {
    let directory = tempfile::tempdir().unwrap();
    let keeping = SpoolOptions { keep_sent: KEEP_SENT, ..options(&directory) };
    for payload in ["a", "b"] {
        let (spool, mut reader) = Spool::open(&keeping).unwrap();
        append(&spool, &[payload]).await;
        assert_eq!(all(&mut reader), [payload]);
    }
    let (spool, mut reader) = Spool::open(&keeping).unwrap();
    append(&spool, &["c"]).await;
    assert_eq!((all(&mut reader), spool.unsent_bytes()), (vec!["c".to_owned()], 0));
    reader.resend();
    assert!(reader.is_resending());
    assert_eq!(all(&mut reader), ["a", "b", "c"]);
    assert!(!reader.is_resending());
    drop((spool, reader));
    let (spool, mut reader) = Spool::open(&options(&directory)).unwrap();
    append(&spool, &["d"]).await;
    assert_eq!(all(&mut reader), ["d"]);
    assert_eq!(files(directory.path(), "spool").len(), 1);
}
