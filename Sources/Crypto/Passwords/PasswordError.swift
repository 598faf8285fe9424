/// Why a password could not be hashed or compared.
public enum PasswordError: Error, Sendable, Equatable {
    /// A password of more bytes than its hash takes.
    case tooLong(bytesMax: Int)
    /// A password that the hash cannot tell from a shorter one: bcrypt stops at a zero byte.
    case unsuitable
    /// A stored hash that is not one of those which are understood.
    case malformedHash
    /// A stored hash that would take more time or memory than any of ours.
    case tooCostly
    /// No memory for the work; try again when less is going on.
    case outOfMemory
}
