#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

/// Append-only files of fixed-size records in a shared mapping.
namespace journal {

/// Layout of a file: one 4096-byte header page, then records back to back.
struct file_header {
  char magic[8]; // "CRESTJ1\0"
  char kind[16]; // "proxy_hop", "sol_event", "balancer_event"
  std::uint32_t record_bytes;
  std::uint32_t reserved;
  std::atomic<std::uint64_t> count; // records begun; a record's bytes are valid once counted
};

/// Untyped writer; `writer<Record>` is what code uses. Not thread-safe: one owner thread, or a lock around it.
class raw_writer {
public:
  /// Opens (keeps the records that are there) or creates FILE. Throws std::system_error.
  raw_writer(std::filesystem::path const& file, std::string_view kind, std::uint32_t record_bytes);
  raw_writer(raw_writer&&) noexcept;
  raw_writer& operator=(raw_writer&&) noexcept;
  ~raw_writer();

  /// Appends a copy of `record`; returns its stable address in the mapping, valid as long as the writer. Throws
  /// std::system_error when the disk is full; the next call tries again.
  void* append(void const* record);
  std::uint64_t size() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// Writer of one journal. Once `append` returns, the record is visible to readers and survives a kill of this process.
template<class Record>
class writer {
public:
  writer(std::filesystem::path const& file, std::string_view kind)
    : raw_(file, kind, sizeof(Record)) {}

  /// The returned reference may be written to (to complete the record in place) as long as the writer lives.
  Record& append(Record const& record) { return *static_cast<Record*>(raw_.append(&record)); }
  std::uint64_t size() const { return raw_.size(); }

private:
  raw_writer raw_;
};

/// The records of FILE from number `from` on, as they are now (a writer may be appending). A file that does not exist
/// has none. Throws std::runtime_error when the file is not a journal of that kind and record size.
std::vector<std::byte> read_raw(std::filesystem::path const& file, std::string_view kind, std::uint32_t record_bytes,
                                std::uint64_t from);

template<class Record>
std::vector<Record> read(std::filesystem::path const& file, std::string_view kind, std::uint64_t from = 0) {
  std::vector<std::byte> const bytes = read_raw(file, kind, sizeof(Record), from);
  std::vector<Record> records(bytes.size() / sizeof(Record));
  if (!records.empty()) std::memcpy(records.data(), bytes.data(), records.size() * sizeof(Record));
  return records;
}

}
