// A guest in AssemblyScript: its result is its input in capitals.
//
//     npx asc shout.ts -O -o shout.wasm
//
@external("infrafabric", "input_size") declare function input_size(): usize;
@external("infrafabric", "input_read")
declare function input_read(to: usize, len: usize, offset: usize): usize;
@external("infrafabric", "result") declare function result(bytes: usize, len: usize): void;

export function run(): void {
  const input = new Uint8Array(i32(input_size()));
  input_read(input.dataStart, input.length, 0);
  const text = String.UTF8.decode(input.buffer).toUpperCase();
  const out = String.UTF8.encode(text);
  result(changetype<usize>(out), out.byteLength);
}
