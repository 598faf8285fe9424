/// Why a token was refused: for the log, and not for whoever sent it.
public enum JWTError: String, Error, Sendable, Equatable {
    /// Longer than any token of ours.
    case tooLarge
    /// Not three parts, not canonical base64url, not UTF-8, not JSON, or a name twice in one object.
    case malformed
    /// A header that asks for what is not understood (`crit`), or of another type of token.
    case unsupportedHeader
    /// No key of that name, or none named.
    case unknownKey
    /// Another algorithm than the one that the key is for.
    case wrongAlgorithm
    /// The signature is not that of the key.
    case badSignature
    /// A claim that is required is missing, or is of a wrong type.
    case badClaims
    /// It was valid once.
    case expired
    /// It is not valid yet, or was issued in the future.
    case notYetValid
    /// Somebody else issued it.
    case wrongIssuer
    /// It is for somebody else.
    case wrongAudience
}
