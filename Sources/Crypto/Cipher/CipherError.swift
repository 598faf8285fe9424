/// Why something could not be sealed or opened.
public enum CipherError: Error, Sendable, Equatable {
    /// A key that does not have 32 bytes.
    case keyLength
    /// More bytes than one message may have.
    case tooLong
    /// Another key, or altered in any part; nothing tells which, because only an attacker gains by knowing.
    case notAuthentic
}
