public import Base

/// A parsed JSON text: immutable, and free to be kept or sent elsewhere.
///
/// Numbers: integers are exact from `Int64.min` to `UInt64.max`, and beyond that refused rather than rounded;
/// numbers with a point or an exponent are doubles. Of members with the same name the first counts.
public struct JSONDocument: Sendable {
    private let tape: JSONTape

    init(_ tape: JSONTape) { self.tape = tape }

    /// The outermost value.
    public var root: JSONView { JSONView(tape, 1) }

    /// The input, byte for byte, in a storage of its own.
    public var source: Bytes {
        unsafe Bytes(Array(UnsafeBufferPointer(start: tape.source, count: tape.sourceCount)))
    }

    /// The first member of that name, where the outermost value is an object that has it.
    public subscript(name: String) -> JSONView? { root[name] }

    /// The element at that place, where the outermost value is an array that long.
    public subscript(position: Int) -> JSONView? { root[position] }
}
