/// Bytes that must never be printed: every way of showing a secret shows `•••`.
public struct Secret: Sendable {
    private let bytes: Bytes

    /// Guards these bytes.
    public init(_ bytes: Bytes) { self.bytes = bytes }

    /// Guards the UTF-8 form of a text.
    public init(_ text: String) { bytes = Bytes(text) }

    /// How many bytes there are.
    public var count: Int { bytes.count }

    /// Whether there is nothing to guard.
    public var isEmpty: Bool { bytes.isEmpty }

    /// The guarded bytes; whoever asks answers for where they go.
    public func reveal() -> Bytes { bytes }

    /// Whether the guarded bytes are these, found out in a time that depends on the length alone.
    public func matches(_ candidate: Bytes) -> Bool { bytes.equalsInConstantTime(candidate) }
}

extension Secret: Equatable {
    /// Whether both guard the same bytes, found out in a time that depends on the lengths alone.
    public static func == (left: Secret, right: Secret) -> Bool { left.matches(right.bytes) }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What stands for any secret in print.
    public static let mask = "•••"

    /// The mask.
    public var description: String { Secret.mask }
    /// The mask.
    public var debugDescription: String { Secret.mask }
    /// A mirror that reflects nothing.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: nil) }
}

extension Bytes {
    /// Whether both are the same bytes, found out in a time that depends on the lengths alone.
    @inline(never)
    public func equalsInConstantTime(_ other: Bytes) -> Bool {
        guard count == other.count else { return false }
        return unsafe withUnsafeBytes { left in
            unsafe other.withUnsafeBytes { right in
                var difference: UInt8 = 0
                for index in 0..<left.count { unsafe difference |= left[index] ^ right[index] }
                return difference == 0
            }
        }
    }
}
