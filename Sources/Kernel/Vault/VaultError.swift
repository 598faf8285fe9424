/// Why something could not be kept secret, or not be read again.
package struct VaultError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is: what callers branch on.
    package enum Code: Sendable, Equatable {
        /// No key is configured where there has to be one.
        case noKey
        /// Keys are not written as they have to be.
        case malformedKeys
        /// A file of keys that others can read, or that is no file.
        case unsafeFile
        /// A file of keys that cannot be read or written.
        case file
        /// A key has the name that another key had before.
        case changedKey
        /// The key that sealed it is not there.
        case unknownKey
        /// It was altered, belongs elsewhere, or is no envelope.
        case notAuthentic
        /// Too many bytes to seal at once.
        case tooLong
    }

    /// What kind of failure it is.
    package let code: Code
    /// What is wrong, and what would be right; holds no secret.
    package let message: String

    /// A failure of a kind.
    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// What is wrong.
    package var description: String { message }
}
