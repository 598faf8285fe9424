import Base
import CLinux

/// What waits to be written to a socket, in order: small writes gathered in one buffer, large ones as they are.
struct WriteQueue {
    /// From here on a block is queued as it is instead of being copied.
    private static let copyMax = 8192
    /// Blocks handed to the kernel in one call.
    private static let partsMax = 16

    private var blocks: [Bytes] = []
    private var firstBlock = 0
    /// The part of the first block (or of `tail`, when there is no block) that is already written.
    private var written = 0
    private var blockBytes = 0
    /// Gathers small writes; stands after the blocks.
    private var tail: [UInt8] = []

    var count: Int { blockBytes + tail.count - written }
    var isEmpty: Bool { count == 0 }

    /// Appends what `build` writes.
    mutating func append(_ build: (inout [UInt8]) -> Void) { build(&tail) }

    mutating func append(_ bytes: Bytes) {
        guard bytes.count > Self.copyMax else {
            unsafe bytes.withUnsafeBytes { unsafe tail.append(contentsOf: $0) }
            return
        }
        sealTail()
        blocks.append(bytes)
        blockBytes += bytes.count
    }

    /// Writes what the socket takes; true when nothing is left.
    mutating func write(to fd: Int32) throws(SystemError) -> Bool {
        while !isEmpty {
            let size = count
            let sent = firstBlock < blocks.count ? writeBlocks(fd) : writeTail(fd)
            if sent == -Int(EAGAIN) { return false }
            advance(try SystemError.check("send", sent))
            // A short write means that the socket is full: asking again would only cost a call.
            if sent < size, sent > 0, firstBlock == blocks.count, count > 0 { return false }
        }
        return true
    }

    private mutating func sealTail() {
        guard tail.count > 0 else { return }
        if firstBlock == blocks.count, written > 0 {
            tail.removeFirst(written)
            written = 0
        }
        guard tail.count > 0 else { return }
        blocks.append(Bytes(tail))
        blockBytes += tail.count
        tail = []
    }

    private func writeTail(_ fd: Int32) -> Int {
        unsafe tail.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return 0 }
            return unsafe hg_send(fd, base + written, raw.count - written)
        }
    }

    private mutating func writeBlocks(_ fd: Int32) -> Int {
        // The tail joins the same call as a last block.
        sealTail()
        let parts = blocks[firstBlock..<min(blocks.count, firstBlock + Self.partsMax)]
        return unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: parts.count) { vector in
            var skip = written
            for (index, block) in parts.enumerated() {
                // The memory belongs to arrays that `blocks` keeps alive until they are written.
                unsafe block.withUnsafeBytes { raw in
                    unsafe vector[index] = iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: raw.baseAddress.map { unsafe $0 + skip }),
                        iov_len: raw.count - skip)
                }
                skip = 0
            }
            guard let base = vector.baseAddress else { return 0 }
            return unsafe hg_writev(fd, base, Int32(parts.count))
        }
    }

    private mutating func advance(_ bytes: Int) {
        written += bytes
        while firstBlock < blocks.count, written >= blocks[firstBlock].count {
            written -= blocks[firstBlock].count
            blockBytes -= blocks[firstBlock].count
            blocks[firstBlock] = Bytes()
            firstBlock += 1
        }
        if firstBlock == blocks.count {
            if firstBlock > 0 {
                blocks = []
                firstBlock = 0
            }
            // Idle sockets hold no buffer.
            if written == tail.count {
                tail = []
                written = 0
            }
        }
    }
}
