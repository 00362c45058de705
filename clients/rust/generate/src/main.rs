//! Generates the client's code from a descriptor set: `generate <image> <folder>`. No protoc is asked.

use prost::Message;
use std::{env, error::Error, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(image), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: generate <image> <folder>".into());
    };
    let mut set = prost_types::FileDescriptorSet::decode(fs::read(image)?.as_slice())?;
    // tonic-types has these.
    set.file.retain(|file| file.package() != "google.rpc");
    tonic_prost_build::configure()
        .build_server(false)
        .out_dir(folder)
        .compile_fds(set)?;
    Ok(())
}
