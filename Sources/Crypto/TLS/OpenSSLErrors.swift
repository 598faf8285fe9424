import COpenSSL

/// The calling thread's OpenSSL error queue.
///
/// It is cleared before a call whose result matters and drained after it failed, so that no error is ever
/// mistaken for another call's.
enum OpenSSLErrors {
    /// One entry of the queue.
    struct Entry {
        let library: Int32
        let reason: Int32
        let text: String
    }

    static func clear() { ERR_clear_error() }

    /// Empties the queue, oldest entry first.
    static func drain() -> [Entry] {
        var entries: [Entry] = []
        while case let code = ERR_get_error(), code != 0 {
            let reason = Int32(truncatingIfNeeded: code & UInt(ERR_REASON_MASK))
            let library = Int32(truncatingIfNeeded: (code >> UInt(ERR_LIB_OFFSET)) & UInt(ERR_LIB_MASK))
            let text = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) }
            entries.append(Entry(library: library, reason: reason, text: text ?? "error \(code)"))
        }
        return entries
    }

    /// An error of one code that ends with what the queue says.
    static func error(_ code: TLSError.Code, _ message: String) -> TLSError {
        let reasons = drain().map(\.text).joined(separator: ", ")
        return TLSError(code, reasons.isEmpty ? message : "\(message): \(reasons)")
    }
}
