// Runs the residual unit and the update unit from a file of commands, on a clock of its own. One command a line,
// numbers in hexadecimal:
//   w ROW DATA           write four words of real memory, the first one lowest
//   r ROW                read four words
//   v FIELDS             run a vector instruction
//   u FIELDS             run an update
// Answers go to a file, in order:
//   d DATA               a row read
//   c CYCLES CONFLICT    an instruction has ended; whether two units ever met at a group
//   t                    an instruction did not end within +limit cycles
module units_on_memory_harness;
  parameter ROW_BITS = 1;
  parameter VECTOR_BITS = 1;
  parameter UPDATE_BITS = 1;

  reg clk = 0;
  reg rst = 1;
  always #500 clk = ~clk;

  reg finished = 0;

  reg host_enable = 0, host_write = 0, reading = 0;
  reg [ROW_BITS-1:0] host_row = 0;
  reg [127:0] host_data = 0;
  wire [127:0] host_response;
  reg vector_start = 0, update_start = 0;
  reg [VECTOR_BITS-1:0] vector = 0;
  reg [UPDATE_BITS-1:0] update = 0;
  wire done, conflict;

  `DUT dut (
    .clk(clk),
    .rst(rst),
    .host_enable(host_enable),
    .host_write(host_write),
    .host_row(host_row),
    .host_data(host_data),
    .host_response(host_response),
    .vector_start(vector_start),
    .vector(vector),
    .update_start(update_start),
    .update(update),
    .done(done),
    .conflict(conflict)
  );

  integer commands, answers, found;
  reg [ROW_BITS-1:0] row;
  reg [127:0] data;
  reg [VECTOR_BITS-1:0] vector_fields;
  reg [UPDATE_BITS-1:0] update_fields;
  reg [8*1024-1:0] path;
  reg [7:0] kind;
  reg [31:0] cycles = 0, limit = 0;
  reg running = 0, met = 0;

  initial begin
    found = $value$plusargs("commands=%s", path);
    commands = $fopen(path, "r");
    found = $value$plusargs("answers=%s", path);
    answers = $fopen(path, "w");
    found = $value$plusargs("limit=%d", limit);
  end

  always @(posedge clk) begin
    rst <= 0;
    vector_start <= 0;
    update_start <= 0;
    host_enable <= 0;
    met <= met | conflict;
    if (running) begin
      cycles <= cycles + 1;
      if (done) begin
        $fwrite(answers, "c %h %h\n", cycles, met);
        running <= 0;
      end else if (cycles == limit) begin
        $fwrite(answers, "t\n");
        $fclose(answers);
        running <= 0;
        finished <= 1;
      end
    end else if (host_enable && !host_write) begin
      reading <= 1;  // the response comes in the next cycle
    end else if (reading) begin
      $fwrite(answers, "d %h\n", host_response);
      reading <= 0;
    end else if (!rst && !finished) begin
      if ($fscanf(commands, "%c", kind) != 1) begin
        $fclose(answers);
        finished <= 1;
      end else
        case (kind)
          "w": begin
            found = $fscanf(commands, "%h %h\n", row, data);
            host_row <= row;
            host_data <= data;
            host_enable <= 1;
            host_write <= 1;
          end
          "r": begin
            found = $fscanf(commands, "%h\n", row);
            host_row <= row;
            host_enable <= 1;
            host_write <= 0;
          end
          "v": begin
            found = $fscanf(commands, "%h\n", vector_fields);
            vector <= vector_fields;
            vector_start <= 1;
            running <= 1;
            cycles <= 1;
          end
          default: begin
            found = $fscanf(commands, "%h\n", update_fields);
            update <= update_fields;
            update_start <= 1;
            running <= 1;
            cycles <= 1;
          end
        endcase
    end
  end
endmodule
