//! The `samsyn` program: everything is in the library; this turns its outcome into an exit code.

fn main() -> std::process::ExitCode {
    samsyn::cli::main()
}
