import Glibc

/// An immutable view of bytes that shares its storage with the views cut from it.
///
/// Cutting a part out costs a reference count, not a copy. `copied()` lets go of a large storage that a small
/// part would otherwise keep alive.
public struct Bytes: Sendable, Hashable {
    @usableFromInline package var slice: ArraySlice<UInt8>

    /// No bytes.
    @inlinable public init() { slice = [] }

    /// The whole of an array, without a copy.
    @inlinable public init(_ array: [UInt8]) { slice = array[...] }

    /// A part of an array, without a copy.
    @inlinable public init(_ slice: ArraySlice<UInt8>) { self.slice = slice }

    /// The UTF-8 form of a text.
    @inlinable public init(_ text: some StringProtocol) { slice = Array(text.utf8)[...] }

    /// A copy of borrowed memory.
    public init(copying span: RawSpan) {
        slice = unsafe span.withUnsafeBytes { unsafe Array($0) }[...]
    }

    /// The bytes, as an array; no copy when this is the whole of one.
    @inlinable public var array: [UInt8] { Array(slice) }

    /// The text that these bytes are, or nil where they are not valid UTF-8.
    public var text: String? { String(validating: slice, as: UTF8.self) }

    /// The text that these bytes are, with U+FFFD in place of what is not valid UTF-8.
    public var repairedText: String { String(decoding: slice, as: UTF8.self) }

    /// The same bytes in a storage of their own.
    public func copied() -> Bytes { unsafe slice.withUnsafeBufferPointer { unsafe Bytes(Array($0)) } }

    /// Lends the bytes as memory; the pointer ends with the closure.
    @inlinable public func withUnsafeBytes<R, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try unsafe slice.withUnsafeBufferPointer { (pointer) throws(E) -> R in
            try unsafe body(UnsafeRawBufferPointer(pointer))
        }
    }

    /// The part at `offset`, `count` bytes long, both counted from the start of this view.
    @inlinable public func part(_ offset: Int, _ count: Int) -> Bytes {
        let start = slice.startIndex + offset
        return Bytes(slice[start..<start + count])
    }
}

extension Bytes: RandomAccessCollection {
    /// Zero: positions count from the start of this view.
    @inlinable public var startIndex: Int { 0 }
    /// How many bytes there are.
    @inlinable public var endIndex: Int { slice.count }
    /// The byte at a position.
    @inlinable public subscript(position: Int) -> UInt8 { slice[slice.startIndex + position] }
    /// The part between two positions, without a copy.
    @inlinable public subscript(bounds: Range<Int>) -> Bytes { part(bounds.lowerBound, bounds.count) }
    /// Lends the bytes as memory; the pointer ends with the closure.
    @inlinable public func withContiguousStorageIfAvailable<R>(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> R
    ) rethrows -> R? {
        try unsafe slice.withContiguousStorageIfAvailable(body)
    }
}

extension Bytes: ExpressibleByStringLiteral, ExpressibleByArrayLiteral {
    /// The UTF-8 form of a text.
    @inlinable public init(stringLiteral text: String) { self.init(text) }
    /// These bytes.
    @inlinable public init(arrayLiteral elements: UInt8...) { self.init(elements) }
}

extension Bytes {
    /// Two views are equal when their bytes are; where they stand does not count.
    public static func == (left: Bytes, right: Bytes) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe left.withUnsafeBytes { one in
            unsafe right.withUnsafeBytes { other in
                guard let one = one.baseAddress, let other = other.baseAddress else { return true }
                return unsafe memcmp(one, other, left.count) == 0
            }
        }
    }

    /// The same bytes hash the same, wherever they stand.
    public func hash(into hasher: inout Hasher) {
        unsafe withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
}

extension Bytes: CustomStringConvertible {
    /// The text that these bytes are, repaired where they are not valid UTF-8.
    public var description: String { repairedText }
}
