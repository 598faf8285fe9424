import Base
import HTTPServer
import Wire

/// An echo, for measuring WebSockets and for testing them with foreign clients.
enum BenchWebSocket {
    static func route(_ settings: WebSocketSettings) -> Route {
        Route(.get, "/bench/ws", .open, rate: .unlimited) { request in
            try request.webSocket(settings) { socket in
                while let message = await socket.receive() {
                    switch message {
                    case .text(let text): try await socket.send(text: text)
                    case .binary(let bytes): try await socket.send(binary: bytes)
                    }
                }
            }
        }
    }
}
