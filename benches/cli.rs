//! The program from its start: an unchanged run, a check of the reference project, and a server up to its first answer.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use criterion::Criterion;
use futures::TryStreamExt as _;
use samsyn::serve::client::{Login, query};

/// Benches of the group `cli`; the reference project in a lake of its own.
pub(crate) fn benches(criterion: &mut Criterion) {
    let folder = std::env::temp_dir().join(format!("samsyn-bench-cli-{}", std::process::id()));
    let lake = folder.join("lake");
    let mut group = criterion.benchmark_group("cli");
    group.sample_size(10);
    group.bench_function("check", |bench| bench.iter(|| done(&mut samsyn(&lake, &["check"]))));
    if done(&mut samsyn(&lake, &["run"])) {
        group.bench_function("unchanged_run", |bench| {
            bench.iter(|| done(&mut samsyn(&lake, &["run"])));
        });
        if let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            group.bench_function("serve_to_first_answer", |bench| {
                bench.iter(|| runtime.block_on(first_answer(&lake)));
            });
        }
    }
    group.finish();
    drop(std::fs::remove_dir_all(folder));
}

fn samsyn(lake: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samsyn"));
    command
        .args(arguments)
        .arg("--project")
        .arg(env!("CARGO_MANIFEST_DIR"))
        .arg("--lake")
        .arg(lake)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

fn done(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

/// Starts a server, asks it for a row, and stops it; gives the number of rows.
async fn first_answer(lake: &Path) -> usize {
    let Ok(mut child) = samsyn(lake, &["serve", "--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
    else {
        return 0;
    };
    let said = child.stderr.take().map(BufReader::new);
    let address = said
        .into_iter()
        .flat_map(|said| said.lines().map_while(Result::ok))
        .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
    let mut rows = 0;
    if let Some(address) = address {
        let sql = "SELECT omrade, antal FROM pub.befolkning_omrade LIMIT 1";
        if let Ok((_, stream)) = query(&format!("grpc://{address}"), &Login::Anonymous, sql).await {
            let batches: Vec<_> = stream.try_collect().await.unwrap_or_default();
            rows = batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
        }
    }
    drop(child.kill());
    drop(child.wait());
    rows
}
