//! Copies the C headers that go with the chosen features to where scripts/setup says.
use std::{env, fs, io, path::Path};

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-env-changed=IFWASMTIME_INCLUDE");
    let Ok(to) = env::var("IFWASMTIME_INCLUDE") else {
        return Ok(());
    };
    // The crate's own build script says where its headers are, a list on some versions.
    let from = env::var("DEP_WASMTIME_C_API_INCLUDE").expect("the C API names its headers");
    for folder in from.split(';') {
        copy(Path::new(folder), Path::new(&to))?;
    }
    Ok(())
}
