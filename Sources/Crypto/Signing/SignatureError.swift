/// Why a signed request was refused: for the log, and not for whoever sent it.
public enum SignatureError: String, Error, Sendable, Equatable {
    /// The parameters are not those that a signature has, or have values that they cannot have.
    case malformed
    /// It was signed too long ago, or in the future.
    case outsideWindow
    /// The signature is not that of the key for this request.
    case mismatch
}
