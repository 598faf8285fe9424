import Base
import Wire

/// Writes the head of an HTTP/1 answer.
enum HTTP1Encoder {
    /// How the end of an answer's body is told.
    enum Framing {
        case none
        case length(UInt64)
        case chunked
        /// The connection's end is the body's end, for clients of HTTP/1.0.
        case untilClose
    }

    static func head(
        of response: Response, framing: Framing, keepAlive: Bool, isOld: Bool, id: RequestID?, date: [UInt8],
        to output: inout [UInt8]
    ) {
        output.reserveCapacity(output.count + 256 + response.fields.blockSize)
        if response.status == .ok {
            output.append("HTTP/1.1 200 OK\r\n")
        } else {
            output.append("HTTP/1.1 ")
            output.append(decimal: response.status.code)
            output.append(UInt8(ascii: " "))
            output.append(response.status.reason)
            output.append("\r\n")
        }
        response.fields.append(to: &output)
        switch framing {
        case .none, .untilClose: break
        case .length(let length):
            output.append("content-length: ")
            output.append(decimal: length)
            output.append("\r\n")
        case .chunked: output.append("transfer-encoding: chunked\r\n")
        }
        if let id {
            output.append("x-request-id: ")
            id.append(to: &output)
            output.append("\r\n")
        }
        unsafe date.withUnsafeBytes { unsafe output.append(contentsOf: $0) }
        if !keepAlive {
            output.append("connection: close\r\n\r\n")
        } else if isOld {
            output.append("connection: keep-alive\r\n\r\n")
        } else {
            output.append("\r\n")
        }
    }

    /// The line that goes before a chunk.
    static func chunkSize(_ count: Int, to output: inout [UInt8]) {
        output.append(contentsOf: String(count, radix: 16).utf8)
        output.append("\r\n")
    }
}
