import COpenSSL

/// The ciphertext on both sides of an engine, behind the BIO that OpenSSL reads from and writes to.
///
/// OpenSSL's own memory BIOs keep the largest buffer they ever had; here an emptied side holds nothing.
@safe final class TLSTransport {
    /// What came from the peer; what is before `inputStart` was taken already.
    private var input: [UInt8] = []
    private var inputStart = 0
    /// Whether the peer's side of the transport ended.
    var ended = false
    /// What must go to the peer.
    var output: [UInt8] = []
    /// Where a client's sessions are kept, and under which name.
    var sessions: (cache: TLSSessionCache, name: String)?

    var inputCount: Int { input.count - inputStart }

    func receive(_ bytes: UnsafeRawBufferPointer) {
        if inputCount == 0 {
            input = unsafe Array(bytes)
            inputStart = 0
        } else {
            unsafe input.append(contentsOf: bytes)
        }
    }

    /// Makes a BIO for the engine that owns this transport; the BIO must not outlive it.
    func makeBIO() -> OpaquePointer? {
        guard let bio = unsafe BIO_new(method.raw) else { return nil }
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        unsafe BIO_set_init(bio, 1)
        return unsafe bio
    }

    fileprivate func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, inputCount)
        unsafe input.withUnsafeBytes { bytes in
            unsafe buffer.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[inputStart..<inputStart + count]))
        }
        inputStart += count
        if inputStart == input.count {
            input = []
            inputStart = 0
        } else if inputStart >= 65536 {
            input.removeFirst(inputStart)
            inputStart = 0
        }
        return count
    }
}

/// The kind of BIO that `TLSTransport` stands behind.
// SAFETY: made once, never changed after.
@safe private struct Method: @unchecked Sendable {
    let raw: OpaquePointer?

    init() {
        unsafe raw = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "heliograph")
        unsafe BIO_meth_set_read(raw, readTransport)
        unsafe BIO_meth_set_write(raw, writeTransport)
        unsafe BIO_meth_set_ctrl(raw, controlTransport)
    }
}

private let method = Method()

// SAFETY: the transport is alive as long as the engine that frees the BIO.
private func transport(_ bio: OpaquePointer?) -> TLSTransport? {
    guard let data = unsafe BIO_get_data(bio) else { return nil }
    return unsafe Unmanaged<TLSTransport>.fromOpaque(data).takeUnretainedValue()
}

@c(hg_tls_read)
private func readTransport(_ bio: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ count: CInt)
    -> CInt
{
    unsafe BIO_clear_flags(bio, hg_bio_retry_flags)
    guard let transport = unsafe transport(bio), count > 0 else { return 0 }
    guard transport.inputCount > 0 else {
        if transport.ended { return 0 }
        unsafe BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
        return -1
    }
    let read = unsafe transport.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: Int(count)))
    return CInt(read)
}

@c(hg_tls_write)
private func writeTransport(_ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ count: CInt) -> CInt {
    unsafe BIO_clear_flags(bio, hg_bio_retry_flags)
    guard let transport = unsafe transport(bio), count > 0 else { return 0 }
    unsafe transport.output.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: Int(count)))
    return count
}

@c(hg_tls_control)
private func controlTransport(
    _ bio: OpaquePointer?, _ command: CInt, _ number: CLong, _ pointer: UnsafeMutableRawPointer?
) -> CLong {
    guard let transport = unsafe transport(bio) else { return 0 }
    switch command {
    case BIO_CTRL_FLUSH: return 1
    case BIO_CTRL_EOF: return transport.ended && transport.inputCount == 0 ? 1 : 0
    case BIO_CTRL_PENDING: return transport.inputCount
    default: return 0
    }
}
