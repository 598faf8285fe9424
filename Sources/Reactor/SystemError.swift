import Glibc

/// A system call that failed: which one, and why.
public struct SystemError: Error, Hashable, CustomStringConvertible {
    /// The call, as its manual page names it.
    public let call: String
    /// The error number, always positive.
    public let code: Int32

    /// An error of `call`; `code` may carry either sign.
    public init(_ call: String, _ code: some BinaryInteger) {
        self.call = call
        self.code = Int32(truncatingIfNeeded: code < 0 ? 0 - code : code)
    }

    /// The call, and what strerror says of the error.
    public var description: String {
        guard let text = unsafe strerror(code) else { return "\(call): error \(code)" }
        return unsafe "\(call): \(String(cString: text))"
    }

    /// Hands on a result that is not negative; throws the error that a negative one means.
    @discardableResult
    static func check<N: BinaryInteger>(_ call: String, _ result: N) throws(SystemError) -> N {
        guard result >= 0 else { throw SystemError(call, result) }
        return result
    }
}
