import Glibc

/// A bounded queue between threads whose consumers sleep while it is empty.
// SAFETY: all state is touched under the pthread mutex, which lives as long as the queue.
@safe final class BlockingQueue<Element>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private let capacity: Int
    private var elements: [Element] = []
    private var head = 0
    private var closed = false

    init(capacity: Int) {
        self.capacity = capacity
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(condition, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    var count: Int { locked { elements.count - head } }

    /// False when the queue is full or closed.
    func push(_ element: Element) -> Bool {
        locked {
            guard !closed, elements.count - head < capacity else { return false }
            elements.append(element)
            unsafe pthread_cond_signal(condition)
            return true
        }
    }

    /// Waits for an element; nil when the queue is closed and empty.
    func pop() -> Element? {
        locked {
            while head == elements.count {
                if closed { return nil }
                unsafe pthread_cond_wait(condition, mutex)
            }
            let element = elements[head]
            head += 1
            if head == elements.count || head > 1024 {
                elements.removeFirst(head)
                head = 0
            }
            return element
        }
    }

    /// Lets the consumers end once the queue is empty.
    func close() {
        locked {
            closed = true
            unsafe pthread_cond_broadcast(condition)
        }
    }

    private func locked<R>(_ body: () -> R) -> R {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return body()
    }
}
