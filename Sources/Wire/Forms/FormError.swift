/// Why the body of a form cannot be read.
public enum FormError: Error, Sendable, Equatable {
    /// The body has not the form that its type promises; the text says where.
    case malformed(String)
    /// There are more parts or fields than this.
    case tooManyParts(Int)
    /// The head of a part has more bytes than this.
    case headTooLarge(Int)
}

extension FormError: CustomStringConvertible {
    /// The failure in words that a client may see.
    public var description: String {
        switch self {
        case .malformed(let what): "the form is malformed: \(what)"
        case .tooManyParts(let max): "the form has more than \(max) parts"
        case .headTooLarge(let max): "the head of a part has more than \(max) bytes"
        }
    }
}
